"""How tests ask the double: httpx, and the client of python-socketio, which nobody here wrote."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Self

import httpx
import socketio

if TYPE_CHECKING:
    from types import TracebackType

    from tests.fakes.zeal.http import Json
    from tests.fakes.zeal.server import FakeZeal

WAIT_SECONDS = 10
NO_ROOTS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading the trusted ones takes 30 ms


def http(zeal: FakeZeal, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=zeal.url, trust_env=False, verify=NO_ROOTS, timeout=WAIT_SECONDS, **more
    )


async def post(zeal: FakeZeal, path: str, body: Any) -> httpx.Response:
    async with http(zeal) as client:
        return await client.post(path, json=body)


async def get(zeal: FakeZeal, path: str, **headers: str) -> httpx.Response:
    async with http(zeal) as client:
        return await client.get(path, headers=headers)


class Listener:
    """A live socket as an editor or another runtime holds it, in a thread of its own."""

    def __init__(self, zeal: FakeZeal, *transports: str) -> None:
        self._zeal = zeal
        self._transports = list(transports) or ["websocket"]
        self._client = socketio.SimpleClient()

    async def __aenter__(self) -> Self:
        await get(self._zeal, "/api/zip/websocket")
        await asyncio.to_thread(
            self._client.connect,
            self._zeal.socket_url,
            transports=self._transports,
            socketio_path="/zip/events",
            wait_timeout=WAIT_SECONDS,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._client.disconnect)

    @property
    def transport(self) -> str:
        return str(self._client.transport)

    async def emit(self, name: str, payload: Any) -> None:
        await asyncio.to_thread(self._client.emit, name, payload)

    async def receive(self) -> list[Any]:
        """The next event: ``[name, payload]``.

        Raises:
            TimeoutError: none came.
        """
        try:
            return list(await asyncio.to_thread(self._client.receive, timeout=WAIT_SECONDS))
        except socketio.exceptions.TimeoutError as error:
            raise TimeoutError from error

    async def until(self, name: str) -> list[list[Any]]:
        """All events up to and with the first of this name."""
        events = [await self.receive()]
        while events[-1][0] != name:
            events.append(await self.receive())
        return events

    async def auth(self, workflow_id: str) -> list[list[Any]]:
        await self.emit("auth", {"type": "auth", "workflowId": workflow_id})
        return await self.until("auth.success")

    async def report(self, kind: str, workflow_id: str, **more: Any) -> None:
        event: Json = {"type": kind, "workflowId": workflow_id, "timestamp": "2026-04-01T00:00:00Z"}
        await self.emit("runtime.event", event | more)
