"""The other processes of a run: started, spoken to, and waited for, however they end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.network.shards.channel import Channel
from engine.network.shards.spawn import ended, spawn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from engine.network.shards.coding import Coder
    from engine.network.shards.frames import Frame
    from engine.network.shards.spawn import Process

LAST_WORDS_S = 1.0  # between the end of a channel and the end of its process


class Family:
    """The children of this process in one run.

    Args:
        receive: called with the number of a child, and what it says.
        ended: called with the number of a child that is gone, and its exit code, if known.
    """

    def __init__(
        self,
        coder: Coder,
        receive: Callable[[int, Frame], None],
        ended: Callable[[int, int | None], None],
    ) -> None:
        self.channels: dict[int, Channel] = {}
        self._coder = coder
        self._receive = receive
        self._ended = ended
        self._processes: dict[int, Process] = {}
        self._watches: list[asyncio.Task[None]] = []

    async def start(self, count: int) -> None:
        """Start processes until there are so many, with this one."""
        processes, ends = spawn(count)
        self._processes = dict(enumerate(processes, 1))
        try:
            while ends:
                await self._connect(*ends.popitem())
        except BaseException:
            self.kill()
            for end in ends.values():
                end.close()
            raise

    async def _connect(self, index: int, end: socket.socket) -> None:
        _, channel = await asyncio.get_running_loop().create_unix_connection(
            lambda: Channel(self._coder, lambda frame: self._receive(index, frame)), sock=end
        )
        self.channels[index] = channel
        watch = asyncio.create_task(self._watch(index, channel), name=f"reflow process {index}")
        self._watches.append(watch)

    async def _watch(self, index: int, channel: Channel) -> None:
        """A process is gone once both its socket and itself are."""
        process = self._processes[index]
        await channel.closed.wait()
        with suppress(TimeoutError):  # closed its socket, and does not end: gone for the run
            async with asyncio.timeout(LAST_WORDS_S):
                await ended(process)
        self._ended(index, process.returncode)

    def tell(self, frame: Frame) -> None:
        """Say something to all children."""
        for channel in self.channels.values():
            channel.send(frame)

    def kill(self) -> None:
        for process in self._processes.values():
            process.kill()  # of one that has ended it does nothing

    async def gone(self) -> None:
        """Wait for the end of all of them; cancelled, it leaves none alive."""
        try:
            await asyncio.gather(*self._watches)
            await self._all_ended()
        except asyncio.CancelledError:
            self.kill()
            await self._all_ended()
            raise
        finally:
            for watch in self._watches:
                watch.cancel()

    async def _all_ended(self) -> None:
        await asyncio.gather(*map(ended, self._processes.values()))
