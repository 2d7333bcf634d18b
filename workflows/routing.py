"""The addresses of the WebSocket interface."""

from __future__ import annotations

from channels.auth import AuthMiddlewareStack
from channels.security.websocket import WebsocketDenier
from django.urls import URLPattern, path, re_path

from workflows.consumers import Socket

# The session cookie is read here; who may open the socket is decided by the socket itself, for
# a token needs no Origin and a session does.
websocket_urlpatterns: list[URLPattern] = [
    path("ws", AuthMiddlewareStack(Socket.as_asgi())),
    re_path(r"", WebsocketDenier.as_asgi()),
]
