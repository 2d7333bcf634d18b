"""The two ends of a connection between processes: the outlet of its sender, the feed of its inport.

The outlet may send as many messages as the inport's bound before it hears of any; the feed grants
as much again as it has moved into the inport. So an inport never holds more than its bound, and
at most as many again are under way on each connection that comes from another process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.network.mailbox import Inport

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.messages import Message


class Outlet(Inport):
    """An inport of another process, as its senders here see it: ``bound`` is what may be sent."""

    __slots__ = ("_connection", "_post")

    def __init__(
        self, inport: Inport, connection: str, post: Callable[[str, list[Message]], None]
    ) -> None:
        super().__init__(inport.node, inport.name, inport.bound)
        self._connection = connection
        self._post = post

    def put(self, messages: list[Message]) -> None:
        self.bound -= len(messages)
        self._post(self._connection, messages)

    def granted(self, count: int) -> None:
        """The receiver has room for so many more; writers go on once it is half empty."""
        self.bound += count
        if self.writers and 2 * self.bound >= self.start_bound:
            self.release_writers()


class Feed:
    """Brings messages of another process into an inport; waits for room like any other sender."""

    __slots__ = ("_connection", "_grant", "_parked", "inport", "moved", "waiting")

    def __init__(self, inport: Inport, connection: str, grant: Callable[[str, int], None]) -> None:
        self.inport = inport
        self.moved = 0  # messages that are in the inport, or have been
        self.waiting: list[Message] = []
        self._connection = connection
        self._grant = grant
        self._parked = False

    def take_in(self, messages: list[Message]) -> None:
        self.waiting = [*self.waiting, *messages] if self.waiting else messages
        if not self._parked:
            self._move()

    def _move(self) -> None:
        inport = self.inport
        count = min(inport.bound - len(inport.queue), len(self.waiting))
        if count > 0:
            moved, self.waiting = self.waiting[:count], self.waiting[count:]
            self.moved += count
            inport.put(moved)
            self._grant(self._connection, count)
        if self.waiting:
            self._parked = True
            inport.park(self._resume)

    def _resume(self) -> None:
        self._parked = False
        self._move()
