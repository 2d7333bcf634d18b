"""The addresses of the WebSocket interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from channels.auth import AuthMiddlewareStack
from django.urls import URLPattern, path, re_path

from workflows.consumers import Socket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

UNKNOWN_ADDRESS = 4404


async def refuse(
    _scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Close a socket to nowhere. Channels' own denier does not, while the channel layer is dead."""
    await receive()
    await send({"type": "websocket.close", "code": UNKNOWN_ADDRESS})


# The session cookie is read here; who may open the socket is decided by the socket itself, for
# a token needs no Origin and a session does.
websocket_urlpatterns: list[URLPattern] = [
    path("ws", AuthMiddlewareStack(Socket.as_asgi())),
    re_path(r"", refuse),  # type: ignore[arg-type]
]
