"""A client of the WebSocket for tests."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from tests.workflows.api.bodies import timeless
from workflows.routing import websocket_urlpatterns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAIT = 10  # seconds, at most


class Client(WebsocketCommunicator):  # type: ignore[misc]
    async def say(self, **message: Any) -> None:
        await self.send_to(text_data=json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        return timeless(json.loads(await self.receive_from(timeout=WAIT)))

    async def ask(self, **message: Any) -> dict[str, Any]:
        await self.say(**message)
        return await self.hear()

    async def hear_events(self, count: int) -> list[tuple[str, int, str]]:
        frames = [await self.hear() for _ in range(count)]
        assert {frame["type"] for frame in frames} <= {"network_event"}
        return [
            (frame["execution_id"], frame["event"]["seq"], frame["event"]["_type"])
            for frame in frames
        ]


def socket(*, subprotocols: tuple[str, ...] = (), path: str = "/ws", **headers: str) -> Client:
    named = [(name.encode(), value.encode("latin1")) for name, value in headers.items()]
    app = URLRouter(websocket_urlpatterns)
    return Client(app, path, headers=named, subprotocols=list(subprotocols))


@asynccontextmanager
async def connected(token: str) -> AsyncIterator[Client]:
    client = socket(authorization=f"Bearer {token}")
    assert await client.connect(timeout=WAIT) == (True, None)
    try:
        yield client
    finally:
        await client.disconnect(timeout=WAIT)
