"""The raw-frame profile on ``/ws/zip``, which no release of Zeal serves: section 10."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from websockets.exceptions import WebSocketException

from tests.fakes.zeal.websocket import WebSocket

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json, Line, Request
    from tests.fakes.zeal.server import FakeZeal

MAX_MESSAGE = 64 * 1024 * 1024  # bytes


class RawSockets:
    def __init__(self, zeal: FakeZeal) -> None:
        self._zeal = zeal
        self._sockets: dict[WebSocket, asyncio.Queue[str]] = {}

    @property
    def connected(self) -> int:
        return len(self._sockets)

    def send(self, frame: Json) -> None:
        """To every client: ``{"type": "execution.start", ...}``."""
        self.send_text(json.dumps(frame))

    def send_text(self, text: str) -> None:
        if self._sockets:
            self._zeal.wire.append(f"<- {text}")
        for outbox in self._sockets.values():
            outbox.put_nowait(text)

    async def serve(self, line: Line, request: Request) -> None:
        socket = WebSocket(line, max_size=MAX_MESSAGE)
        if not await socket.open(request):
            return
        outbox: asyncio.Queue[str] = asyncio.Queue()
        self._sockets[socket] = outbox
        self._zeal.record.add("connect", transport="raw")
        sender = asyncio.create_task(_send(socket, outbox))
        try:
            await self._receive(socket)
        finally:
            del self._sockets[socket]
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            self._zeal.record.add("disconnect", transport="raw")

    async def _receive(self, socket: WebSocket) -> None:
        arrived = 0
        async for message in socket.messages():
            if isinstance(message, bytes):
                self._zeal.record.add("frame", transport="raw", size=len(message))
                continue
            self._zeal.wire.append(f"-> {message}")
            self._zeal.record.add("raw", event=_json(message))
            arrived += 1
            if arrived == self._zeal.faults.socket_drop_after:
                await socket.break_off()
                return


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return {"notJson": text[:200]}


async def _send(socket: WebSocket, outbox: asyncio.Queue[str]) -> None:
    with suppress(OSError, WebSocketException):
        while True:
            await socket.send(await outbox.get())
