"""Daphne with bounds: ``python -m reflow_site.bounded_daphne`` takes Daphne's own options.

Daphne takes in a whole body, however long, before the application hears of the request, and
parses forms on its event loop: 50 MB from anybody cost 770 MB of memory, and all clients waited.
It also keeps whatever a WebSocket's client does not read: 453 MiB in 10 s.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from daphne import http_protocol
from daphne.cli import CommandLineInterface
from daphne.server import Server
from django.conf import settings

from reflow_site.body_limit import refusal

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

PATIENCE = 10  # times the limit: so much of a refused body is read and thrown away


class BoundedRequest(http_protocol.WebRequest):  # type: ignore[misc]
    """A request whose body is answered with 413 as soon as it is known to be too long.

    The rest is still read: many clients look at an answer only after they have sent everything,
    and would see a reset connection instead.
    """

    came = 0
    refused = False
    types: list[bytes]

    def gotLength(self, length: int | None) -> None:  # noqa: N802 -- Twisted's name
        super().gotLength(length)
        if length is not None and length > settings.API_MAX_BODY_BYTES:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self.came += len(data)
        if not self.refused and self.came > settings.API_MAX_BODY_BYTES:
            self._refuse()
        if not self.refused:
            super().handleContentChunk(data)
        elif self.came > PATIENCE * settings.API_MAX_BODY_BYTES:
            self.channel.loseConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        if self.refused:
            self.channel.loseConnection()
            return
        # Twisted parses the forms whose type it knows, for nobody: Django does it again.
        self.types = self.requestHeaders.getRawHeaders(b"content-type", [])
        self.requestHeaders.removeHeader(b"content-type")
        super().requestReceived(command, path, version)

    def process(self) -> Deferred[Any]:
        self.requestHeaders.setRawHeaders(b"content-type", self.types)
        return super().process()  # type: ignore[no-any-return]

    def _refuse(self) -> None:
        self.refused = True
        self.content.seek(0)
        self.content.truncate()
        self.requestHeaders.removeHeader(b"expect")  # no "100 Continue" after the answer
        status, body = refusal()
        head = (
            f"HTTP/1.1 {status} Content Too Large\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.channel.write(head.encode() + body)


class BoundedServer(Server):  # type: ignore[misc]
    """Lets the application wait while a client of a socket does not read, and ends it then."""

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        if message["type"] != "websocket.send":
            return
        deadline = time.monotonic() + settings.WS_UNREAD_SECONDS
        while unread(protocol.transport) > settings.WS_UNREAD_BYTES:
            if time.monotonic() > deadline:
                protocol.transport.abortConnection()
                return
            await asyncio.sleep(0.05)


def unread(transport: Any) -> int:
    """Bytes that Twisted keeps for a client."""
    held: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen  # noqa: SLF001 -- it has no other name
    return held


def main() -> None:
    CommandLineInterface.server_class = BoundedServer
    http_protocol.WebRequest = BoundedRequest  # its factory has no other place for one
    CommandLineInterface.entrypoint()


if __name__ == "__main__":
    main()
