"""Socket.IO v4 as a client of the default namespace: named events both ways."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from engine.codec import dumps, parse_json
from engine.errors import CodecError
from observability.zeal import engineio
from observability.zeal.dialing import SocketError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observability.zeal.connection import Said
    from observability.zeal.engineio import Link
    from observability.zeal.live import LiveProfile
    from observability.zeal.wire import JsonObject

_PACKET = re.compile(r"4(\d)(?:(\d+)-)?(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)
CONNECT, DISCONNECT, EVENT, REFUSED, BINARY_EVENT = "0", "1", "2", "4", "5"
MARGIN = 64  # bytes of a body beside its packet


class SocketIO:
    """Zeal's live socket. An event is a packet, and Zeal answers each."""

    acknowledges = True

    def __init__(self, link: Link) -> None:
        self._link = link
        self._told: deque[Said] = deque()
        self.profile: LiveProfile = link.profile
        self.max_bytes = link.terms.max_payload - MARGIN

    @classmethod
    async def join(cls, link: Link, seconds: float) -> SocketIO:
        """Enter the namespace.

        Raises:
            SocketError: it is not entered in so many seconds; the link is closed.
        """
        made = cls(link)
        try:
            async with asyncio.timeout(seconds):
                await link.send([f"{engineio.MESSAGE}{CONNECT}"])
                while not made._joins(await link.receive()):
                    pass
        except BaseException as error:
            await link.close()
            if isinstance(error, TimeoutError):
                raise SocketError("no answer to the namespace's opening") from error
            raise
        return made

    def _joins(self, packet: engineio.Packet) -> bool:
        if isinstance(packet, str) and packet[:2] == f"{engineio.MESSAGE}{REFUSED}":
            raise SocketError(f"the namespace is refused: {packet[2:202]}")
        return isinstance(packet, str) and packet[:2] == f"{engineio.MESSAGE}{CONNECT}"

    def frame(self, event: JsonObject) -> str:
        """An event of a run as it is sent."""
        return self._event("runtime.event", event)

    def _event(self, name: str, payload: Any) -> str:
        return f"{engineio.MESSAGE}{EVENT}{dumps([name, payload])}"

    async def send(self, frames: Sequence[str]) -> None:
        await self._link.send(frames)

    async def ask(self, workflow_id: str) -> None:
        """Choose a workflow: its events, and the right to send some."""
        auth = {"type": "auth", "workflowId": workflow_id}
        await self._link.send([self._event("auth", auth)])

    async def receive(self) -> Said:
        """The next event: its name and what it holds. Pings are answered on the way.

        Raises:
            SocketError: the connection is over, or has been silent for too long.
        """
        while True:
            packet = await self._next()
            if packet[:1] == engineio.PING:
                await self._link.send([engineio.PONG])
            elif packet[:1] == engineio.CLOSE or packet[:2] == f"{engineio.MESSAGE}{DISCONNECT}":
                raise SocketError("Zeal closed the connection")
            elif (said := _said(packet)) is not None:
                return said

    async def _next(self) -> str:
        """The next packet that is text; binary ones belong to streams, which we do not read."""
        while True:
            try:
                async with asyncio.timeout(self._link.terms.silence):
                    packet = await self._link.receive()
            except TimeoutError as error:
                raise SocketError(f"nothing for {self._link.terms.silence:g} s") from error
            if isinstance(packet, str):
                return packet

    async def close(self) -> None:
        """Leave the namespace, and close."""
        try:
            async with asyncio.timeout(1):
                await self._link.send([f"{engineio.MESSAGE}{DISCONNECT}"])
        except (SocketError, TimeoutError):
            pass
        await self._link.close()


def _said(packet: str) -> Said | None:
    """The event of a packet; one that cannot be read has the name ``unreadable``."""
    found = _PACKET.fullmatch(packet)
    if found is None or found[1] not in (EVENT, BINARY_EVENT):
        return None
    try:
        arguments = parse_json(found[5])
    except CodecError as error:
        return "unreadable", str(error)
    if not isinstance(arguments, list) or not arguments or not isinstance(arguments[0], str):
        return "unreadable", "an event without a name"
    return arguments[0], arguments[1] if len(arguments) > 1 else None
