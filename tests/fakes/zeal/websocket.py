"""One WebSocket of a client, on the protocol of the package ``websockets``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.zeal.http import Line, Request

HALF_A_FRAME = b"\x81\x7e\x01\x00" + b"half of it"  # it says that 256 bytes come


class WebSocket:
    """``max_size`` in bytes: a larger message closes with code 1009."""

    def __init__(self, line: Line, *, max_size: int | None = None) -> None:
        self._line = line
        self._protocol = ServerProtocol(max_size=max_size)

    async def open(self, request: Request) -> bool:
        self._protocol.receive_data(request.head)
        asked = self._protocol.events_received()[0]
        answered = self._protocol.accept(asked)  # type: ignore[arg-type]
        self._protocol.send_response(answered)
        await self._flush()
        return answered.status_code == 101

    async def messages(self, lost_from: int | None = None) -> AsyncIterator[str | bytes]:
        """Whole messages until it ends; frames of ``lost_from`` bytes and more do not arrive."""
        parts: list[Frame] = []
        while True:
            for frame in self._protocol.events_received():
                if not isinstance(frame, Frame) or frame.opcode not in _DATA:
                    continue
                if lost_from is not None and len(frame.data) >= lost_from:
                    continue
                parts.append(frame)
                if frame.fin:
                    whole = b"".join(part.data for part in parts)
                    kind, parts = parts[0].opcode, []
                    yield whole.decode() if kind is Opcode.TEXT else whole
            await self._flush()
            if self._protocol.close_expected():
                return
            data = await self._line.reader.read(65536)
            if not data:
                return
            self._protocol.receive_data(data)

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        await self._flush()

    async def close(self) -> None:
        self._protocol.send_close()
        await self._flush()

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                await self._line.write(data)

    async def break_off(self) -> None:
        await self._line.write(HALF_A_FRAME)
        self._line.cut()


_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
