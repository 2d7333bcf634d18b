"""The raw profile: a plain WebSocket at ``/ws/zip``, one JSON text an event, no answers.

No release of Zeal serves it; a gateway may. Source: the original Reflow's text on Zeal.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from websockets.exceptions import WebSocketException

from engine.codec import dumps, parse_json
from engine.errors import CodecError
from observability.zeal.dialing import SocketError, open_websocket
from observability.zeal.live import LiveProfile
from observability.zeal.live_events import flat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.client import ClientConnection

    from observability.zeal.connection import Said
    from observability.zeal.dialing import Place
    from observability.zeal.wire import JsonObject

PATH = "/ws/zip"
PING_SECONDS = 30.0
PONG_SECONDS = 30.0
MAX_FRAME = 1_000_000  # bytes; as on the other socket


class RawFrames:
    """Nothing is acknowledged, but a pong says that the other side has read what came before."""

    acknowledges = False
    profile = LiveProfile.RAW
    max_bytes = MAX_FRAME

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, place: Place) -> RawFrames:
        """Raises SocketError: nobody answers there."""
        url = place.at(PATH)
        seconds = place.config.handshake
        return cls(await open_websocket(place, url, seconds=seconds, ping_seconds=PING_SECONDS))

    def frame(self, event: JsonObject) -> str:
        return dumps(flat(event))

    async def send(self, frames: Sequence[str]) -> None:
        try:
            for frame in frames:
                await self._socket.send(frame)
            async with asyncio.timeout(PONG_SECONDS):
                await (await self._socket.ping())
        except TimeoutError as error:
            raise SocketError(f"no pong in {PONG_SECONDS:g} s") from error
        except WebSocketException as error:
            raise SocketError(f"the WebSocket broke: {error}") from error

    async def ask(self, workflow_id: str) -> None:
        """Nobody is asked for a workflow here."""

    async def receive(self) -> Said:
        """The next frame: its ``type``, and all of it."""
        while True:
            try:
                frame = await self._socket.recv()
            except WebSocketException as error:
                raise SocketError(f"the WebSocket broke: {error}") from error
            if isinstance(frame, str):  # binary ones belong to streams
                return _said(frame)

    async def close(self) -> None:
        await self._socket.close()


def _said(frame: str) -> Said:
    try:
        said: Any = parse_json(frame)
    except CodecError as error:
        return "unreadable", str(error)
    kind = said.get("type") if isinstance(said, dict) else None
    return (kind, said) if isinstance(kind, str) else ("unreadable", "a frame without a type")
