"""Health, and the call that starts the live socket: sections 14 and 9.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.zeal.errors import now_iso
from tests.fakes.zeal.http import answer
from tests.fakes.zeal.routes import Route

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Request, Response
    from tests.fakes.zeal.server import FakeZeal


async def zip_health(_zeal: FakeZeal, _request: Request) -> Response:
    services = dict.fromkeys(("api", "crdt", "database", "websocket"), True)
    return answer({"status": "healthy", "version": "1.0.0", "services": services})


async def app_health(_zeal: FakeZeal, _request: Request) -> Response:
    named = {"service": "zeal-app", "version": "0.1.0"}
    return answer({"status": "ok", "timestamp": now_iso(), **named})


async def websocket(zeal: FakeZeal, _request: Request) -> Response:
    runs = zeal.live_server.runs
    if not runs and zeal.live_starts:
        await zeal.live_server.start()
    found = {
        "status": "running" if runs else "initialized",
        "message": "ZIP WebSocket server is running",
        "port": str(zeal.live_server.port),
    }
    return answer(found)


ROUTES = [
    Route("GET", "/api/zip/health", zip_health),
    Route("GET", "/api/health", app_health),
    Route("GET", "/api/zip/websocket", websocket),
]
