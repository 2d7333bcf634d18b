"""The double itself: two ports, two modes, and what goes wrong on purpose."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from tests.fakes.zeal import control, flow_traces, health, templates, traces, webhooks, workflows
from tests.fakes.zeal.access import denied
from tests.fakes.zeal.engineio import EngineServer
from tests.fakes.zeal.errors import RefusedError, StorageError, failure, internal
from tests.fakes.zeal.faults import Faults
from tests.fakes.zeal.http import Response, Server, answer
from tests.fakes.zeal.live import Live
from tests.fakes.zeal.raw import RawSockets
from tests.fakes.zeal.record import Record
from tests.fakes.zeal.routes import Route, dispatch
from tests.fakes.zeal.store import Store
from tests.fakes.zeal.webhooks import Webhooks

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from tests.fakes.zeal.http import Json, Line, Request

Mode: TypeAlias = Literal["shipped", "intended", "seed"]
RAW_PATH = "/ws/zip"
DEAD_PATHS = (RAW_PATH, "/api/zip/events/ws")
SEED_ROUTES = [
    Route("POST", "/api/templates/register", templates.register_minimal),
    Route("POST", "/api/traces/sessions", traces.create),
    Route("POST", "/api/traces/{}/events", traces.add_events),
    Route("POST", "/api/traces/sessions/{}/events", traces.add_events),
    Route("POST", "/api/traces/sessions/{}/complete", traces.complete),
]
ROUTES = [
    *templates.ROUTES,
    *traces.ROUTES,
    *flow_traces.ROUTES,
    *webhooks.ROUTES,
    *workflows.ROUTES,
    *health.ROUTES,
]


class FakeZeal:
    """A Zeal on loopback, for ``async with``.

    Modes: ``shipped`` answers as the released program does, its defects included; ``intended``
    as its handlers were meant to; ``seed`` serves the paths of the original Reflow's text too,
    and raw frames on ``/ws/zip``.

    Args:
        port: of HTTP; 0 takes a free one and keeps it over ``restart()``.
        socket_port: of the live socket, likewise. It starts with the first
            ``GET /api/zip/websocket``, as in Zeal.
        raw: serve raw frames on ``/ws/zip``; otherwise it is dead, as in Zeal.
        record: a file that gets each entry of the record as a line of JSON.
        secret_key: switches authentication on; tokens are signed with it.
        state_seconds: until ``workflow.state`` comes once more.
        retry_factor: for the waits between deliveries of a webhook.
        live_starts: False for a Zeal whose discovery was frozen when it was built.
    """

    def __init__(
        self,
        mode: Mode = "shipped",
        *,
        port: int = 0,
        socket_port: int = 0,
        raw: bool | None = None,
        record: Path | None = None,
        faults: Faults | None = None,
        secret_key: str = "",
        ping_interval: float = 25,
        ping_timeout: float = 20,
        connect_timeout: float = 45,
        state_seconds: float = 2,
        retry_factor: float = 1,
        live_starts: bool = True,
    ) -> None:
        self.mode = mode
        self.faults = faults or Faults()
        self.record = Record(record)
        self.wire: deque[str] = deque(maxlen=1000)  # packets of the live socket, both ways
        self.exchanges: deque[tuple[Request, Response]] = deque(maxlen=1000)  # over HTTP
        self.secret_key = secret_key
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout
        self.connect_timeout = connect_timeout
        self.state_seconds = state_seconds
        self.live_starts = live_starts
        self._serves_raw = mode == "seed" if raw is None else raw
        self._retry_factor = retry_factor
        self._routes = [*ROUTES, *(SEED_ROUTES if mode == "seed" else ())]
        self._http = Server(self._serve, port)
        self.live_server = Server(self._serve_live, socket_port)
        self._empty()

    def _empty(self) -> None:
        self.store = Store()
        self.webhooks = Webhooks(self._retry_factor)
        self.engine = EngineServer(self)
        self.live = Live(self)
        self.raw = RawSockets(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.port}"

    @property
    def port(self) -> int:
        return self._http.port

    @property
    def socket_url(self) -> str:
        """Where the live socket is, once it was asked for."""
        return f"http://127.0.0.1:{self.live_server.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        await self._http.start()

    async def stop(self) -> None:
        self.live.stop()
        await self._http.stop()
        await self.live_server.stop()
        await self.engine.stop()
        await self.webhooks.stop()

    async def restart(self) -> None:
        """Stop, forget everything but the record, and start again on the same ports."""
        await self.stop()
        self._empty()
        await self.start()

    def add_workflow(self, body: Json, workflow_id: str = "") -> Json:
        """As if somebody had saved it in the editor."""
        return workflows.add_workflow(self, body, workflow_id)

    # --- serving ---

    async def _serve_live(self, line: Line) -> None:
        await self.engine.serve(line)

    async def _serve(self, line: Line) -> None:
        while True:
            request = await line.read()
            if request.path == RAW_PATH and self._serves_raw:
                await self.raw.serve(line, request)
                return
            if request.path in DEAD_PATHS:  # accepted, and the handshake is never answered
                self.record.add("http", method="GET", path=request.path, status=0, fault="dead")
                await line.reader.read()
                return
            if not await self._reply(line, request):
                return

    async def _reply(self, line: Line, request: Request) -> bool:
        """Answer one request; False: the connection is gone."""
        fault, _, argument = self.faults.next(request.path).partition(":")
        if fault == "slow":
            await asyncio.sleep(float(argument))
        response = _undone(fault, argument) or await self._answer(request)
        self._note(request, response, fault)
        if fault == "hang":
            await line.reader.read()
            return False
        data = (internal() if fault == "lost" else response).encode()
        if fault == "drop":
            await line.write(data[: len(data) // 2])
            line.cut()
            return False
        await line.write(data)
        return True

    def _note(self, request: Request, response: Response, fault: str) -> None:
        if not request.path.startswith(control.PREFIX):
            self.exchanges.append((request, response))
            kept = {"fault": fault, "headers": request.headers, "size": len(request.body)}
            self.record.add(
                "http", method=request.method, path=request.path, status=response.status, **kept
            )

    async def _answer(self, request: Request) -> Response:
        if request.path.startswith(control.PREFIX):
            return await control.answer_control(self, request)
        if (refused := denied(self.secret_key, request)) is not None:
            return refused
        try:
            return await dispatch(self, self._routes, request)
        except RefusedError as error:
            return error.response
        except (StorageError, ValueError, OverflowError) as error:
            if request.path.startswith("/api/zip"):
                return internal(str(error))
            return failure(500, "INTERNAL_ERROR", str(error))


def _undone(fault: str, argument: str) -> Response | None:
    """The answer to a request that nothing is done for."""
    if fault == "error":
        return internal(argument or "Internal server error")
    if fault in ("html", "busy"):
        page = b"<html><body><h1>nginx</h1></body></html>"
        return Response(502 if fault == "html" else 503, page, {"content-type": "text/html"})
    if fault == "refuse":
        code = {"code": "RATE_LIMIT_EXCEEDED", "message": "Rate limit exceeded"}
        return answer({"error": code}, 429, **{"retry-after": argument or "1"})
    return None
