"""Dials Zeal's live socket: the addresses of an operator's choice, never a redirect or a proxy."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from engine.http import HttpConnectError, HttpError
from engine.http.guard import Guard
from engine.http.transport import default_ssl_context

if TYPE_CHECKING:
    from observability.zeal.config import ZealConfig

MAX_INCOMING = 16 * 1024 * 1024  # bytes of a message; a whole workflow is one
CLOSE_SECONDS = 2.0
PORTS = {"http": 80, "https": 443}


class SocketError(Exception):
    """The live socket is not there, or no more; the text holds no secret."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a socket is: ``base`` is an http(s) address without a slash at its end."""

    base: str
    config: ZealConfig  # allows this base

    @classmethod
    def of(cls, config: ZealConfig, base: str) -> Place:
        return cls(base, replace(config, socket_url=base))

    def headers(self) -> dict[str, str]:
        """Those of every call to Zeal."""
        key = self.config.api_key
        return {"x-client-id": self.config.node_id} | (
            {"authorization": f"Bearer {key}"} if key else {}
        )

    def at(self, path: str) -> str:
        """The address of a path; not twice if the base has it already."""
        bare = path.rstrip("/")
        return (self.base if self.base.endswith(bare) else self.base + bare) + path[len(bare) :]


def on_port(url: str, port: int) -> str:
    """The same host, on another port."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


async def open_websocket(
    place: Place, url: str, *, seconds: float, ping_seconds: float | None = None
) -> ClientConnection:
    """Open a WebSocket at an http(s) address.

    Args:
        seconds: until it must be open.
        ping_seconds: between pings of ours; None: the other side sends them.

    Raises:
        SocketError: it is not open.
    """
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(seconds):
            sock = await _dial(place, parts.hostname or "", parts.port or PORTS[parts.scheme])
            secure = parts.scheme == "https"
            return await connect(
                f"ws{url.removeprefix('http')}",
                sock=sock,
                proxy=None,
                compression=None,
                additional_headers=place.headers(),
                user_agent_header="reflow-django",
                open_timeout=seconds,
                ping_interval=ping_seconds,
                ping_timeout=10,
                close_timeout=CLOSE_SECONDS,
                max_size=MAX_INCOMING,
                ssl=default_ssl_context() if secure else None,
                server_hostname=parts.hostname if secure else None,
            )
    except TimeoutError as error:
        raise SocketError(f"{shown(url)}: no handshake in {seconds:g} s") from error
    except (HttpError, OSError, WebSocketException, ValueError) as error:
        raise SocketError(f"{shown(url)}: {str(error) or type(error).__name__}") from error


async def _dial(place: Place, host: str, port: int) -> socket.socket:
    guard = Guard(place.config.permissions())
    failure: OSError | None = None
    for address in await guard.addresses(host, port, place.config.handshake):
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise HttpConnectError(f"{host}:{port}: no connection: {failure}")


def shown(url: str) -> str:
    """An address without its query."""
    return url.partition("?")[0]
