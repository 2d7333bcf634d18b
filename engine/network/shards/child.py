"""A process that runs a part of a network for another: ``python -m engine.network.shards.child``.

It lives as long as its parent wants, and not longer than its parent lives.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from engine.network.shards import frames
from engine.network.shards.channel import Channel
from engine.network.shards.coding import Coder
from engine.network.shards.shard import Shard
from engine.network.shards.tap import Tap

if TYPE_CHECKING:
    from collections.abc import Mapping

ORPHAN_S = 5.0  # after the parent's end, an actor that does not let go is ended with its process


class Child:
    """One part of a network, as its process runs it."""

    def __init__(self) -> None:
        self._coder = Coder()
        self._channels: dict[int, Channel] = {}
        self._plan: asyncio.Future[frames.Plan] = asyncio.get_running_loop().create_future()
        self._go: asyncio.Future[frames.Go] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._at_once = False
        self._shard: Shard | None = None
        self._tap: Tap | None = None

    async def run(self, ends: Mapping[int, int]) -> None:
        """Live one run; ``ends``: the descriptors of the sockets to the other processes."""
        for peer, fd in ends.items():
            self._channels[peer] = await self._connect(peer, fd)
        try:
            plan = await self._plan
            await self._live(plan)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the parent must hear of it
            self._tell_broken(error)
        for channel in self._channels.values():
            channel.close()
        await self._channels[0].closed.wait()

    async def _connect(self, peer: int, fd: int) -> Channel:
        end = socket.socket(fileno=fd)
        end.setblocking(False)
        _, channel = await asyncio.get_running_loop().create_unix_connection(
            lambda: Channel(
                self._coder,
                lambda frame: self._receive(peer, frame),
                lambda: self._lost(peer),
            ),
            sock=end,
        )
        return channel
