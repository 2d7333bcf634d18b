"""The channel between two processes of one run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.network.shards.coding import Coder
    from engine.network.shards.frames import Frame

HEADER_BYTES = 8  # the length of what follows


class Channel(asyncio.Protocol):
    """One end of a socket pair: frames in both directions, in order.

    What is written waits in memory: credits bound it, not the socket.
    """

    def __init__(
        self,
        coder: Coder,
        receive: Callable[[Frame], None],
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._coder = coder
        self._receive = receive
        self._lost = lost
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def send(self, frame: Frame) -> None:
        if self._transport is not None and not self._transport.is_closing():
            data = self._coder.encode(frame)
            self._transport.writelines([len(data).to_bytes(HEADER_BYTES), data])

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) >= start + HEADER_BYTES:
            begin = start + HEADER_BYTES
            end = begin + int.from_bytes(buffer[start:begin])
            if len(buffer) < end:
                break
            start = end
            self._receive(self._coder.decode(bytes(buffer[begin:end])))
        del buffer[:start]

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed.set()
        self._lost()

    def close(self) -> None:
        """Write what is left, then close."""
        if self._transport is not None:
            self._transport.close()
