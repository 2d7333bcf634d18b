"""When a network of several processes is at rest: counted, exact, and without a further round.

Each process says when it has nothing to do, and how many frames it had exchanged with each other
one by then. If what each had sent is what the other had received, for every pair, then nothing was
under way between those moments, so nobody can have begun again: all are at rest. (F. Mattern,
Algorithms for distributed termination detection, 1987, section 4: the channel counting method.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.network.shards.frames import Rest


class Census:
    """What each process said last."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._last: dict[int, Rest] = {}

    def hear(self, rest: Rest) -> None:
        self._last[rest.index] = rest

    def forget(self, index: int) -> None:
        """This process has been given something to do, in another way than by a counted frame."""
        self._last.pop(index, None)

    @property
    def at_rest(self) -> bool:
        """Whether no process can do anything more."""
        last = self._last
        return len(last) == self._processes and all(
            one.sent.get(other, 0) == last[other].received.get(index, 0)
            for index, one in last.items()
            for other in last
        )

    @property
    def full(self) -> dict[tuple[str, str], int]:
        """The full inports that somebody waits for, with their bounds."""
        return {port: bound for rest in self._last.values() for port, bound in rest.full.items()}
