"""Engine.IO v4 as a client: packets over a WebSocket, or over HTTP requests that wait."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from websockets.exceptions import WebSocketException

from engine.codec import parse_json
from engine.errors import CodecError
from engine.http import HttpClient, HttpError, HttpLimits
from observability.zeal.dialing import SocketError, open_websocket, shown
from observability.zeal.live import LiveProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.client import ClientConnection

    from engine.http import HttpResponse
    from observability.zeal.dialing import Place

Packet: TypeAlias = str | bytes
PATH = "/zip/events/"
OPEN, CLOSE, PING, PONG, MESSAGE, NOOP = "0", "1", "2", "3", "4", "6"
SEPARATOR = "\x1e"
MAX_PAYLOAD = 1_000_000  # bytes of a message, if Zeal does not say
LIMITS = HttpLimits(redirects=0, read=900)  # each request says how long it may take


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server says when it opens; times in seconds."""

    sid: str
    silence: float  # the longest time without a packet of a server that lives
    max_payload: int  # bytes

    @classmethod
    def of(cls, packet: Packet) -> Terms:
        """Read an open packet.

        Raises:
            SocketError: it is none.
        """
        text = packet if isinstance(packet, str) and packet[:1] == OPEN else OPEN
        try:
            said = parse_json(text[1:])
            silence = (float(said["pingInterval"]) + float(said["pingTimeout"])) / 1000
            limit = int(said.get("maxPayload", MAX_PAYLOAD))
            return cls(str(said["sid"]), max(silence, 1.0), max(limit, 1024))
        except (CodecError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise SocketError("this is no Engine.IO server") from error


class Link(Protocol):
    """Carries packets, in order, until it breaks: then every call raises SocketError."""

    profile: LiveProfile
    terms: Terms

    async def send(self, packets: Sequence[str]) -> None: ...

    async def receive(self) -> Packet: ...

    async def close(self) -> None: ...


class WebSocketLink:
    """Packets are messages of a WebSocket."""

    profile = LiveProfile.WEBSOCKET

    def __init__(self, socket: ClientConnection, terms: Terms) -> None:
        self.terms = terms
        self._socket = socket

    @classmethod
    async def open(cls, place: Place) -> WebSocketLink:
        """Raises SocketError: there is no Engine.IO server."""
        url = place.at(PATH) + "?EIO=4&transport=websocket"
        socket = await open_websocket(place, url, seconds=place.config.handshake)
        try:
            async with asyncio.timeout(place.config.handshake):
                return cls(socket, Terms.of(await socket.recv()))
        except (TimeoutError, WebSocketException) as error:
            await socket.close()
            raise SocketError(f"{shown(url)}: it does not open") from error
        except BaseException:
            await socket.close()
            raise

    async def send(self, packets: Sequence[str]) -> None:
        try:
            for packet in packets:
                await self._socket.send(packet)
        except WebSocketException as error:
            raise SocketError(f"the WebSocket broke: {error}") from error

    async def receive(self) -> Packet:
        try:
            return await self._socket.recv()
        except WebSocketException as error:
            raise SocketError(f"the WebSocket broke: {error}") from error

    async def close(self) -> None:
        await self._socket.close()


class PollingLink:
    """Packets go by POST, and come as the answers of GET requests that wait for them."""

    profile = LiveProfile.POLLING

    def __init__(self, place: Place, http: HttpClient) -> None:
        self._http = http
        self._headers = place.headers()
        self._url = place.at(PATH) + "?EIO=4&transport=polling"
        self._arrived: deque[Packet] = deque()
        self._posting = asyncio.Lock()  # the server takes one request at a time
        self.terms = Terms("", place.config.handshake, MAX_PAYLOAD)

    @classmethod
    async def open(cls, place: Place) -> PollingLink:
        """Raises SocketError: there is no Engine.IO server."""
        link = cls(place, HttpClient(place.config.permissions(), limits=LIMITS))
        try:
            link.terms = Terms.of(await link.receive())
        except BaseException:
            await link.close()
            raise
        link._url += f"&sid={link.terms.sid}"
        return link

    async def send(self, packets: Sequence[str]) -> None:
        async with self._posting:
            for body in _bodies(packets, self.terms.max_payload):
                await self._call("POST", body)

    async def receive(self) -> Packet:
        while not self._arrived:
            answer = await self._call("GET")
            try:
                parts = answer.body.decode().split(SEPARATOR)
                self._arrived.extend(map(_packet, filter(None, parts)))
            except (UnicodeDecodeError, binascii.Error) as error:
                raise SocketError("an answer that is no Engine.IO") from error
        return self._arrived.popleft()

    async def _call(self, method: str, body: bytes = b"") -> HttpResponse:
        # A server that lives lets no request wait for longer than its silence.
        seconds = self.terms.silence + 5
        headers = self._headers | ({"content-type": "text/plain;charset=UTF-8"} if body else {})
        try:
            answer = await self._http.request(
                method, self._url, headers=headers, content=body, total=seconds
            )
        except HttpError as error:
            raise SocketError(str(error)) from error
        if answer.status != 200:
            raise SocketError(f"{shown(self._url)}: {method} was answered by {answer.status}")
        return answer

    async def close(self) -> None:
        await self._http.aclose()


def _packet(text: str) -> Packet:
    return base64.b64decode(text[1:], validate=True) if text[0] == "b" else text


def _bodies(packets: Sequence[str], limit: int) -> list[bytes]:
    """The packets in as few bodies as fit."""
    bodies: list[bytes] = []
    held: list[bytes] = []
    size = 0
    for packet in packets:
        data = packet.encode()
        if held and size + len(data) + 1 > limit:
            bodies.append(SEPARATOR.encode().join(held))
            held, size = [], 0
        held.append(data)
        size += len(data) + 1
    return [*bodies, SEPARATOR.encode().join(held)] if held else bodies
