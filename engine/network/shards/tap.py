"""The events of a child's nodes, on their way to the readers in the parent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.network.shards.frames import Records
from engine.network.subscription import RING_MESSAGES, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.network.records import Record
    from engine.network.shards.channel import Channel


class Tap(Subscription[Any]):
    """Sends records on when a slice is over, and makes the network wait when nobody reads them."""

    __slots__ = ("_channel", "_room", "_scheduled")

    def __init__(
        self,
        types: Iterable[type[Any]] | None,
        *,
        on_room: Callable[[], None],
        channel: Channel,
    ) -> None:
        super().__init__(types, lossless=True, on_room=on_room)
        self._channel = channel
        self._room = RING_MESSAGES
        self._scheduled = False

    def put(self, record: Record) -> None:
        super().put(record)
        if self.unread and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.forward)

    def forward(self) -> bool:
        """Send what there is, if the readers keep up; True if nothing is left."""
        self._scheduled = False
        if self.unread and self._room > 0:
            self.finish()
        return not self.unread

    def finish(self) -> None:
        """Send what there is, whoever keeps up."""
        records = list(self.take())
        self._room -= weight_of(records)
        self._channel.send(Records(records))

    def granted(self, room: int) -> None:
        self._room += room
        self.forward()


def weight_of(records: Iterable[Record]) -> int:
    return sum(record.weight for record in records)
