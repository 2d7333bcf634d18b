"""What the nanoseconds of a hop are: the parts that plain Python can time alone, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from timeit import repeat
from typing import TYPE_CHECKING, Any

from benchmarks.engine.actors import Add

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 256  # messages a timing goes over: as many as a turn takes
LOOPS = 100
REST = "the engine: turns, credits, routing, counters, mailboxes, isolation; source and sink"


class _Context:
    """As lean as a context can be."""

    __slots__ = ("config", "inputs")

    def __init__(self) -> None:
        self.config = Add.Config()
        self.inputs: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Part:
    what: str
    ns: float


class Budget:
    """The least that each part took in any round; what is left of a hop is the engine's."""

    def __init__(self) -> None:
        self._least: dict[str, float] = {}

    def measure(self) -> None:
        """One round. Let rounds alternate with what is split: a machine has slow moments."""
        for what, batch in _programs().items():
            ns = min(repeat(batch, number=LOOPS, repeat=10)) / LOOPS / BATCH * 1e9
            self._least[what] = min(ns, self._least.get(what, ns))

    def parts(self, hop_ns: float) -> list[Part]:
        found = [Part(what, ns) for what, ns in self._least.items()]
        return [*found, Part(REST, hop_ns - sum(part.ns for part in found))]


def _programs() -> dict[str, Callable[[], object]]:
    ctx: Any = _Context()
    ctx.inputs = {"in": 1}
    process = Add().process
    messages = list(range(1_000, 1_000 + BATCH))
    results: list[Any] = [{"out": message} for message in messages]
    return {
        "the behaviour: its call, two reads from its context, an addition, a result dict": (
            lambda: [process(ctx) for _ in messages]
        ),
        "a dict of inputs for each firing": lambda: [{"in": message} for message in messages],
        "results out of their dicts, and the check that each is a message": (
            lambda: {*map(type, [result["out"] for result in results])}
        ),
    }
