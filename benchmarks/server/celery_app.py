"""A peer: forty light Celery tasks on a Redis of their own, with results, as Celery users do."""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from celery import Celery, chain, group

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS = 40
ROUNDS = 7

app = Celery("peer", broker=os.environ["PEER_URL"], backend=os.environ["PEER_URL"])


@app.task(name="add")
def add(value: int) -> int:
    return value + 1


def main() -> None:
    """Median seconds of a chain and of a group, from the call to the result."""
    kinds: dict[str, Callable[[], Any]] = {  # a new one each time: a used one has its results
        "chain": lambda: chain(add.s(0), *(add.s() for _ in range(TASKS - 1))),
        "group": lambda: group(add.s(0) for _ in range(TASKS)),
    }
    for name, make in kinds.items():
        took = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            make().apply_async().get(timeout=60)
            took.append(time.perf_counter() - started)
        sys.stdout.write(f"{name} {statistics.median(took):.4f}\n")


if __name__ == "__main__":
    main()
