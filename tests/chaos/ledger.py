"""The outside world: an HTTP service in a process of its own that writes every call down.

``python -m tests.chaos.ledger FILE`` prints its port. It never dies before the suite does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.facts import Call
from tests.engine.web import answer

if TYPE_CHECKING:
    from typing import BinaryIO

ANSWER = answer(b'{"ok": true}', headers={"content-type": "application/json"})


async def serve(file: Path) -> None:
    with file.open("ab", buffering=0) as book:

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                write_down(book, headers.get("idempotency-key", ""), body)
                writer.write(ANSWER)
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


def write_down(book: BinaryIO, key: str, body: bytes) -> None:
    """On the disk before the caller hears of it: the call has happened, whatever comes."""
    said = json.loads(body)
    line = {"at": time.time(), "key": key, "pid": 0, **said}
    book.write(json.dumps(line).encode() + b"\n")
    os.fsync(book.fileno())


def read_book(file: Path) -> list[Call]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [Call(**json.loads(line)) for line in lines]


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
