"""Engine.IO v4: polling and websocket on one port, and the way from one to the other."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from websockets.exceptions import WebSocketException

from tests.fakes.zeal.http import Response, answer
from tests.fakes.zeal.websocket import WebSocket

if TYPE_CHECKING:
    from collections import deque

    from tests.fakes.zeal.http import Line, Request
    from tests.fakes.zeal.server import FakeZeal

PATH = "/zip/events/"
MAX_PAYLOAD = 1_000_000  # bytes
LOST_FROM = 32  # bytes of a frame, without WS_NO_BUFFER_UTIL=1
SEPARATOR = "\x1e"
MESSAGE, PING, PONG, CLOSE, NOOP, UPGRADE = "4", "2", "3", "1", "6", "5"


class Peer:
    """One client: what waits to be sent to it, over whatever transport it has now."""

    def __init__(self, transport: str, wire: deque[str]) -> None:
        self.wire = wire
        self.sid = uuid4().hex[:20]
        self.transport = transport
        self.outbox: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.ponged = asyncio.Event()
        self.joined = asyncio.Event()  # the default namespace
        self.polled = False
        # What Zeal's own layer keeps of it.
        self.socket_id = uuid4().hex[:20]
        self.workflows: list[str] = []
        self.attachments: list[bytes] = []
        self.awaited: tuple[int, list[object]] | None = None
        self.events = 0

    def send(self, packet: str | bytes) -> None:
        if not self.closed.is_set():
            self.wire.append(f"<- {packet!s}")
            self.outbox.put_nowait(packet)

    def close(self) -> None:
        self.closed.set()
        self.outbox.put_nowait(CLOSE)  # wakes whoever waits to send


class EngineServer:
    """Serves the live port; packets go to ``zeal.live``."""

    def __init__(self, zeal: FakeZeal) -> None:
        self._zeal = zeal
        self.peers: dict[str, Peer] = {}
        self._watchers: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in list(self._watchers):
            task.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self.peers.clear()

    async def serve(self, line: Line) -> None:
        while True:
            request = await line.read()
            if request.path != PATH:
                return  # closed without an answer
            if request.headers.get("upgrade", "").lower() == "websocket":
                if self._zeal.faults.ws_refused:
                    await line.write(Response(400).encode())
                    return
                await self._websocket(line, request)
                return
            await line.write((await self._poll(request)).encode())

    # --- opening and watching ---

    def _open(self, transport: str) -> Peer:
        peer = Peer(transport, self._zeal.wire)
        self.peers[peer.sid] = peer
        opened = {
            "sid": peer.sid,
            "upgrades": ["websocket"] if transport == "polling" else [],
            "pingInterval": int(self._zeal.ping_interval * 1000),
            "pingTimeout": int(self._zeal.ping_timeout * 1000),
            "maxPayload": MAX_PAYLOAD,
        }
        peer.send(f"0{json.dumps(opened)}")
        self._zeal.record.add("connect", transport=transport, sid=peer.sid)
        task = asyncio.create_task(self._watch(peer))
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)
        return peer

    async def _watch(self, peer: Peer) -> None:
        """Closes a client that never joins, or answers no ping."""
        pings = asyncio.create_task(self._ping(peer))
        try:
            async with asyncio.timeout(self._zeal.connect_timeout):
                await peer.joined.wait()
            await pings
        except TimeoutError:
            pass
        finally:
            pings.cancel()
            await asyncio.gather(pings, return_exceptions=True)
            self._end(peer)

    async def _ping(self, peer: Peer) -> None:
        while not peer.closed.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._zeal.ping_interval):
                    await peer.closed.wait()
                    return
            peer.ponged.clear()
            peer.send(PING)
            async with asyncio.timeout(self._zeal.ping_timeout):
                await peer.ponged.wait()

    def _end(self, peer: Peer) -> None:
        peer.close()
        if self.peers.pop(peer.sid, None):
            self._zeal.record.add("disconnect", transport=peer.transport, sid=peer.sid)

    # --- packets from the client ---

    def _take(self, peer: Peer, packet: str | bytes) -> bool:
        """Handle one packet; False ends the connection."""
        self._zeal.wire.append(f"-> {packet!s}")
        if isinstance(packet, bytes):
            return self._zeal.live.binary(peer, packet)
        kind, rest = packet[:1], packet[1:]
        if kind == MESSAGE and self._zeal.faults.deaf:
            return True
        if kind == MESSAGE:
            return self._zeal.live.text(peer, rest)
        if kind == PONG:
            peer.ponged.set()
        return kind in (PONG, NOOP)

    # --- polling ---

    async def _poll(self, request: Request) -> Response:
        query = request.query
        if query.get("EIO") != "4":
            return answer({"code": 5, "message": "Unsupported protocol version"}, 400)
        if query.get("transport") not in ("polling", "websocket"):
            return answer({"code": 0, "message": "Transport unknown"}, 400)
        if "sid" not in query:
            if request.method != "GET":
                return answer({"code": 2, "message": "Bad handshake method"}, 400)
            return await self._drain(self._open("polling"))
        peer = self.peers.get(query["sid"])
        if peer is None:
            return answer({"code": 1, "message": "Session ID unknown"}, 400)
        if request.method == "POST":
            return self._posted(peer, request.body)
        if peer.polled or peer.transport != "polling":
            self._end(peer)
            return answer({"code": 3, "message": "Bad request"}, 400)
        return await self._drain(peer)

    async def _drain(self, peer: Peer) -> Response:
        peer.polled = True
        try:
            packets = [await peer.outbox.get()]
        finally:
            peer.polled = False
        while not peer.outbox.empty():
            packets.append(peer.outbox.get_nowait())
        body = SEPARATOR.join(map(_as_text, packets))
        return Response(200, body.encode(), {"content-type": "text/plain; charset=UTF-8"})

    def _posted(self, peer: Peer, body: bytes) -> Response:
        if len(body) > MAX_PAYLOAD:
            self._end(peer)
            return Response(413)
        for packet in body.decode().split(SEPARATOR):
            binary = packet.startswith("b")
            if not self._take(peer, base64.b64decode(packet[1:]) if binary else packet):
                self._end(peer)
                break
            if self._drops(peer):
                self._end(peer)
        return Response(200, b"ok", {"content-type": "text/html"})

    def _drops(self, peer: Peer) -> bool:
        return 0 < self._zeal.faults.socket_drop_after <= peer.events

    def _kills(self, message: str | bytes) -> bool:
        text = self._zeal.faults.socket_drop_at
        return bool(text) and isinstance(message, str) and text in message

    # --- websocket ---

    async def _websocket(self, line: Line, request: Request) -> None:
        socket = WebSocket(line, max_size=MAX_PAYLOAD)
        peer = self.peers.get(request.query.get("sid", ""))
        if "sid" in request.query and peer is None:
            await line.write(answer({"code": 1, "message": "Session ID unknown"}, 400).encode())
            return
        if not await socket.open(request):
            return
        fresh = peer is None
        peer = peer or self._open("websocket")
        sender = asyncio.create_task(_send(socket, peer)) if fresh else None
        try:
            sender = await self._receive(socket, peer, sender)
        finally:
            self._end(peer)
            if sender:
                await asyncio.wait([sender], timeout=1)
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _receive(
        self, socket: WebSocket, peer: Peer, sender: asyncio.Task[None] | None
    ) -> asyncio.Task[None] | None:
        lost_from = LOST_FROM if self._zeal.faults.ws_broken else None
        async for message in socket.messages(lost_from):
            if sender is None:  # on its way from polling
                if message == f"{PING}probe":
                    await socket.send(f"{PONG}probe")
                    peer.send(NOOP)  # lets the open poll return
                elif message == UPGRADE:
                    peer.transport = "websocket"
                    if peer.polled:
                        peer.send(NOOP)
                    sender = asyncio.create_task(_send(socket, peer))
                continue
            if self._kills(message):
                await socket.break_off()
                return sender
            if not self._take(peer, message):
                return sender
            if self._drops(peer):
                await socket.break_off()
                return sender
        return sender


async def _send(socket: WebSocket, peer: Peer) -> None:
    with suppress(OSError, WebSocketException):
        while not peer.closed.is_set():
            packet = await peer.outbox.get()
            if packet != CLOSE:
                await socket.send(packet)
        await socket.close()


def _as_text(packet: str | bytes) -> str:
    return packet if isinstance(packet, str) else f"b{base64.b64encode(packet).decode()}"
