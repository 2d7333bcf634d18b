"""HTTP/1.1 on asyncio, small enough that an answer can be late, cut off or never given."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Json: TypeAlias = dict[str, Any]
MAX_HEAD = 64 * 1024  # bytes
HTML_404 = b"<!DOCTYPE html><html><body><h1>404</h1>This page could not be found.</body></html>"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``head`` is what came before its body, byte for byte."""

    method: str
    path: str  # as it was sent: %2F is not a slash
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    head: bytes = b""

    def json(self) -> Any:
        """Raises: ValueError -- it is not JSON, or empty, as in Zeal."""
        return json.loads(self.body, parse_constant=_refuse)

    def user(self, otherwise: str) -> str:
        return self.headers.get("x-user-id", otherwise)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


@dataclass(frozen=True, slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, *, close: bool = False) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"content-length: {len(self.body)}", f"connection: {_kept(close)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def _kept(close: bool) -> str:
    return "close" if close else "keep-alive"


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    return Response(
        status, json.dumps(value).encode(), {"content-type": "application/json", **headers}
    )


def page_not_found() -> Response:
    return Response(404, HTML_404, {"content-type": "text/html; charset=utf-8"})


class Line:
    """One connection of a client: what it sent, and what it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self) -> Request:
        """The next request.

        Raises:
            EOFError: there is none.
            ValueError: it is not HTTP.
        """
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _version = first.split(" ")
        path, _, query = target.partition("?")  # urlsplit takes //x for a host
        headers = {name.strip().lower(): value.strip() for name, _, value in map(_split, lines)}
        return Request(
            method,
            path,
            dict(parse_qsl(query, keep_blank_values=True)),
            headers,
            await self._body(headers),
            head,
        )

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(await self.reader.readline(), 16):
                parts.append(await self.reader.readexactly(size))
                await self.reader.readline()
            await self.reader.readline()
            return b"".join(parts)
        return await self.reader.readexactly(int(headers.get("content-length") or 0))

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def cut(self) -> None:
        """Break the connection off, as a process that dies does."""
        self.writer.transport.abort()


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


class Server:
    """Listens on one port of loopback, and ends every connection when it stops."""

    def __init__(self, serve: Callable[[Line], Awaitable[None]], port: int = 0) -> None:
        self._serve = serve
        self.port = port  # 0: a free one, kept from the first start on
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def runs(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, limit=MAX_HEAD
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        line = Line(reader, writer)
        try:
            # A client that leaves or talks nonsense ends its own connection only.
            with suppress(EOFError, OSError, ValueError, asyncio.LimitOverrunError):
                await self._serve(line)
        except asyncio.CancelledError:
            line.cut()  # the server stops: asyncio would report the cancelled task
        finally:
            self._tasks.discard(task)
            writer.close()
