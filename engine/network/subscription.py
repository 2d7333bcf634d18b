"""Who listens to a network: each subscriber has a bounded ring of batch records of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from engine.network.expand import RECORDS_OF, expand
from engine.network.records import Received, Sent
from engine.network.sizes import estimate_size
from engine.network.wire import wire_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from engine.network.records import Record
    from engine.network.scheduler import Scheduler

E = TypeVar("E")

RING_MESSAGES = 10_000  # messages a subscriber may be behind
RING_BYTES = 16 * 1024 * 1024  # and what they may take, as estimated


class Subscription(Generic[E]):
    """The events of a network, from the moment of subscribing.

    A lossless one makes the network wait when it is full; any other loses its oldest records,
    and ``dropped`` counts the messages and events in them. Iterate over it for single events,
    or take batches with ``read``. It ends when the network has shut down.
    """

    __slots__ = (
        "_bytes",
        "_closed",
        "_ended",
        "_kinds",
        "_news",
        "_on_room",
        "_records",
        "_weight",
        "dropped",
        "lossless",
        "types",
    )

    def __init__(
        self,
        types: Iterable[type[E]] | None = None,
        *,
        lossless: bool = False,
        on_room: Callable[[], None] = lambda: None,
    ) -> None:
        self.types = None if types is None else frozenset(types)
        self.lossless = lossless
        self.dropped = 0
        wanted = RECORDS_OF if self.types is None else self.types
        self._kinds = frozenset(kind for event in wanted for kind in RECORDS_OF[event])
        self._records: deque[Record] = deque()
        self._weight = 0
        self._bytes = 0
        self._news = asyncio.Event()
        self._closed = False
        self._ended = asyncio.Event()
        self._on_room = on_room

    @property
    def full(self) -> bool:
        return self._weight >= RING_MESSAGES or self._bytes >= RING_BYTES

    @property
    def closed(self) -> bool:
        """The network has ended: nothing more will come."""
        return self._closed

    @property
    def unread(self) -> bool:
        return bool(self._records)

    def put(self, record: Record) -> None:
        """Take a record in, if its kind is wanted. Never waits."""
        if self._closed or type(record) not in self._kinds:
            return
        self._records.append(record)
        self._weight += record.weight
        self._bytes += _bytes(record)
        while self.full and not self.lossless and len(self._records) > 1:
            oldest = self._records.popleft()
            self._weight -= oldest.weight
            self._bytes -= _bytes(oldest)
            self.dropped += oldest.weight
        self._news.set()

    def close(self) -> None:
        """No more records: a reader gets what is left, then the end."""
        self._closed = True
        self._ended.set()
        self._news.set()

    async def read(self, *, not_before: float = 0.0) -> list[E]:
        """Wait for events and take all there are; an empty list is the end.

        Args:
            not_before: the loop's time until which more are waited for, unless the network ends.
        """
        while records := await self._take(not_before):
            events: list[Any] = [event for record in records for event in expand(record)]
            if self.types is not None:
                events = [event for event in events if type(event) in self.types]
            if events:
                return events
        return []

    async def read_wire(self) -> list[dict[str, Any]]:
        """The same as plain dicts in the shape of Reflow's SDK, and several times as fast."""
        while records := await self._take():
            events = [event for record in records for event in wire_events(record)]
            if events:
                return events
        return []

    async def _take(self, not_before: float = 0.0) -> Sequence[Record]:
        """Wait for records and take all there are; none is the end."""
        while not self._records:
            if self._closed:
                return ()
            self._news.clear()
            await self._news.wait()
        if asyncio.get_running_loop().time() < not_before:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(not_before):
                    await self._ended.wait()
        return self.take()

    def take(self) -> Sequence[Record]:
        """All records there are, which makes room for others."""
        records, self._records = self._records, deque()
        self._weight = self._bytes = 0
        self._on_room()
        return records

    async def __aiter__(self) -> AsyncIterator[E]:
        while events := await self.read():
            for event in events:
                yield event


def subscribe(
    scheduler: Scheduler, types: Iterable[type[E]] | None = None, *, lossless: bool = False
) -> Subscription[E]:
    """Listen to a scheduler from now on."""
    subscription = Subscription(types, lossless=lossless, on_room=scheduler.settle_if_held)
    scheduler.subscriptions.append(subscription)
    scheduler.recording = True
    return subscription


def _bytes(record: Record) -> int:
    """What the messages of a record take, about; equal whenever it is asked."""
    if isinstance(record, (Sent, Received)):
        return estimate_size(record.messages[0]) * len(record.messages)
    return 0
