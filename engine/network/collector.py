"""What comes out of a graph's outports: kept for the result, or read while the run goes on."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from engine.errors import NetworkError, nearest
from engine.messages import thaw
from engine.network.sizes import size_or_zero

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.limits import Limits
    from engine.messages import Message
    from engine.network.scheduler import Scheduler


class Collector:
    """The messages of one graph outport.

    Without a reader it keeps them for the result, up to a limit, and holds nobody up. With one
    it is bounded, and producers wait for the reader.
    """

    __slots__ = (
        "_bytes",
        "_closed",
        "_full",
        "_limits",
        "_news",
        "_writers",
        "messages",
        "name",
        "read",
        "truncated",
    )

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self._limits = limits
        self.messages: list[Message] = []
        self.truncated = False
        self.read = False  # somebody iterates over it
        self._bytes = 0
        self._full = False
        self._closed = False
        self._news = asyncio.Event()
        self._writers: list[Callable[[], None]] = []

    @property
    def room(self) -> int:
        """Messages there is room for; without a reader, any number."""
        if not self.read:
            return sys.maxsize
        return self._limits.reader_buffer_size - len(self.messages)

    @property
    def waited_for(self) -> bool:
        """Producers wait until somebody reads."""
        return bool(self._writers)

    def put(self, messages: list[Message]) -> None:
        if self.read:
            self.messages.extend(messages)
            self._news.set()
            return
        for message in messages:
            if self._full:
                self.truncated = True
                return
            self.messages.append(message)
            self._bytes += size_or_zero(message)
            self._full = (
                len(self.messages) >= self._limits.result_messages
                or self._bytes >= self._limits.result_bytes
            )

    def park(self, writer: Callable[[], None]) -> None:
        self._writers.append(writer)

    def plain(self) -> list[object]:
        return [thaw(message) for message in self.messages]

    def close(self) -> None:
        """No more messages: a reader gets what is left, and nobody waits any longer."""
        self._closed = True
        self._news.set()
        self._release_writers()

    def _release_writers(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            writer()

    async def __aiter__(self) -> AsyncIterator[Message]:
        self.read = True
        while True:
            taken, self.messages = self.messages, []
            self._news.clear()
            self._release_writers()
            for message in taken:
                yield message
            if not self.messages:
                if self._closed:
                    return
                await self._news.wait()


def collector_of(scheduler: Scheduler, outport: str) -> Collector:
    """The collector of a graph outport.

    Raises:
        NetworkError: there is none of this name.
    """
    found = scheduler.collectors.get(outport)
    if found is None:
        hint = nearest(outport, scheduler.collectors)
        raise NetworkError(f"a started network has no outport {outport!r} ({hint})")
    return found


def refuse_unread(scheduler: Scheduler) -> None:
    """Raise NetworkError if ``results()`` that nobody reads hold the network up."""
    held = [item.name for item in scheduler.collectors.values() if item.waited_for]
    if held:
        raise NetworkError(f"results({held[0]!r}) is not read, and its producers wait for it")
