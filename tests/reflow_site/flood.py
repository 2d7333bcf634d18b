"""The server's application, and beside it a WebSocket that sends without end."""

from __future__ import annotations

import asyncio
from typing import Any

from reflow_site.asgi import application as reflow

OVER = asyncio.Event()
TEXT = "x" * 10_000


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope.get("path") == "/flood":
        await _flood(receive, send)
    elif scope.get("path") == "/ended":
        await OVER.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"over"})
    else:
        await reflow(scope, receive, send)


async def _flood(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    flood = asyncio.create_task(_send_all(send))
    while (await receive())["type"] != "websocket.disconnect":
        pass
    flood.cancel()
    OVER.set()


async def _send_all(send: Any) -> None:
    for _ in range(10_000):
        await send({"type": "websocket.send", "text": TEXT})
