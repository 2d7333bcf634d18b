"""A peer: a Prefect flow of forty light tasks on a server of its own. Runs in its own venv."""

# mypy: ignore-errors
from __future__ import annotations

import statistics
import sys
import time

from prefect import flow, task

TASKS = 40
ROUNDS = 5


@task
def add(value: int) -> int:
    return value + 1


@flow
def chained() -> int:
    value = 0
    for _ in range(TASKS):
        value = add(value)
    return value


def main() -> None:
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        if chained() != TASKS:
            raise RuntimeError("the chain is wrong")
        took.append(time.perf_counter() - started)
    sys.stdout.write(f"chain {statistics.median(took):.4f}\n")


if __name__ == "__main__":
    main()
