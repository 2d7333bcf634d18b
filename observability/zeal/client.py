"""Zeal's HTTP API, call by call; every answer is a value, and nothing is raised for a bad one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode

from engine.http import HttpClient, HttpError
from observability.zeal import documents, wire
from observability.zeal.answers import Answer, of_error, of_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from observability.zeal.answers import Read
    from observability.zeal.config import ZealConfig
    from observability.zeal.wire import JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paths:
    """Where calls go that the original Reflow's text puts elsewhere."""

    register: str = "/api/zip/templates/register"
    sessions: str = "/api/zip/traces/sessions"
    session: str = "/api/zip/traces/{}"


PATHS = {
    "zeal": Paths(),
    "seed": Paths("/api/templates/register", "/api/traces/sessions", "/api/traces/sessions/{}"),
}


class ZealClient:
    """One Zeal over HTTP, for ``async with``. It calls what is configured and nothing else.

    It belongs to the event loop that uses it.
    """

    def __init__(self, config: ZealConfig) -> None:
        self.config = config
        self._paths = PATHS[config.profile]
        self._http = HttpClient(config.permissions(), limits=config.limits())
        self._headers = {"accept": "application/json", "x-client-id": config.node_id}
        if config.api_key:
            self._headers["authorization"] = f"Bearer {config.api_key}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    # --- templates and categories ---

    async def register_templates(
        self, templates: Sequence[JsonObject]
    ) -> Answer[tuple[documents.TemplateResult, ...]]:
        """One bad template refuses them all; otherwise each has its own result."""
        body = {"namespace": self.config.namespace, "templates": templates}
        return await self._call("POST", self._paths.register, documents.template_results, body)

    async def update_template(self, template_id: str, template: JsonObject) -> Answer[None]:
        """Change one that Zeal has. Released Zeals lose the path's ids and refuse it."""
        path = f"/api/zip/templates/{_part(self.config.namespace)}/{_part(template_id)}"
        return await self._call("PUT", path, documents.nothing, template)

    async def template(self, template_id: str) -> Answer[Any]:
        """One of ours as the editor's API shows it."""
        name = _part(f"{self.config.namespace}/{template_id}")
        return await self._call("GET", f"/api/templates/{name}", documents.data_of)

    async def namespace_templates(self) -> Answer[int]:
        """How many of ours Zeal lists, at most 1,000. Released Zeals lose the path's id."""
        path = f"/api/zip/templates/{_part(self.config.namespace)}"
        return await self._call("GET", path, documents.count, total=self.config.handshake)

    async def categories(self) -> Answer[tuple[str, ...]]:
        return await self._call("GET", "/api/zip/categories", documents.category_names)

    async def add_categories(
        self, categories: Sequence[JsonObject]
    ) -> Answer[tuple[documents.CategoryResult, ...]]:
        """At least one; those that exist are left as they are."""
        body = {"categories": categories}
        return await self._call("POST", "/api/zip/categories", documents.category_results, body)

    # --- trace sessions ---

    async def open_session(
        self, workflow_id: str, execution_id: str, metadata: JsonObject | None = None
    ) -> Answer[documents.SessionOpened]:
        """Each call opens another one. ``metadata``: trigger, environment and tags."""
        body = wire.present(
            workflowId=workflow_id, executionId=execution_id, metadata=metadata or None
        )
        return await self._call("POST", self._paths.sessions, documents.session_opened, body)

    async def add_events(self, session_id: str, events: Sequence[JsonObject]) -> Answer[int]:
        """The number that was processed. A resend doubles them: Zeal makes the ids."""
        path = f"{self._session(session_id)}/events"
        return await self._call("POST", path, documents.events_processed, {"events": events})

    async def complete(
        self,
        session_id: str,
        status: str,
        *,
        summary: JsonObject | None = None,
        error: JsonObject | None = None,
    ) -> Answer[None]:
        """``status``: success, error or cancelled. May be repeated: the last one counts."""
        body = wire.present(status=status, summary=summary, error=error)
        path = f"{self._session(session_id)}/complete"
        return await self._call("POST", path, documents.nothing, body)

    async def executions(
        self, workflow_id: str, *, limit: int = 20
    ) -> Answer[tuple[documents.ExecutionSeen, ...]]:
        """The newest trace sessions of a workflow."""
        query = urlencode({"workflowId": workflow_id, "limit": limit})
        return await self._call("GET", f"/api/zip/executions?{query}", documents.executions)

    async def stored_numbers(self, session_id: str) -> Answer[tuple[int, ...]]:
        """Our numbers of the events that a session has. Zeal shows only its newest session."""
        path = f"/api/zip/executions/{_part(session_id)}"
        return await self._call("GET", path, documents.event_numbers)

    def _session(self, session_id: str) -> str:
        return self._paths.session.format(_part(session_id))

    # --- the editor's own traces: a hop is one message over one connection ---

    async def open_flow_session(
        self, workflow_id: str, workflow_name: str
    ) -> Answer[documents.SessionOpened]:
        body = {"workflowId": workflow_id, "workflowName": workflow_name}
        return await self._call("POST", "/api/flow-traces", documents.flow_session_opened, body)

    async def add_hop(self, session_id: str, hop: JsonObject) -> Answer[None]:
        return await self._call("POST", _flow(session_id), documents.nothing, hop)

    async def close_flow_session(self, session_id: str, *, failed: bool) -> Answer[None]:
        """Zeal knows no other ends here; a cancelled run has failed."""
        body = {"status": "failed" if failed else "completed"}
        return await self._call("PUT", _flow(session_id), documents.nothing, body)

    async def flow_session(self, session_id: str) -> Answer[Any]:
        """The session with its hops, under ``traces``."""
        return await self._call("GET", _flow(session_id), documents.data_of)

    # --- workflows, health, live socket ---

    async def workflow(self, workflow_id: str) -> Answer[Any]:
        """The latest version, as the editor stores it."""
        return await self._call("GET", f"/api/workflows/{_part(workflow_id)}", documents.data_of)

    async def started(self, workflow_id: str) -> Answer[Any]:
        """The newest runs that were started in Zeal, with their inputs."""
        path = f"/api/workflows/{_part(workflow_id)}/execute?limit=20"
        return await self._call("GET", path, documents.listed, total=self.config.handshake)

    async def workflows(self, *, page: int = 1, limit: int = 100) -> Answer[Any]:
        """Those of ``user_id``: without it, released Zeals list none."""
        query = urlencode({"page": page, "limit": limit})
        owner = {"x-user-id": self.config.user_id}
        return await self._call("GET", f"/api/workflows?{query}", documents.data_of, headers=owner)

    async def health(self) -> Answer[documents.Health]:
        """Waits no longer than for a handshake."""
        return await self._call(
            "GET", "/api/zip/health", documents.health, total=self.config.handshake
        )

    async def live_port(self) -> Answer[int]:
        """The port of the live socket. This call is also what starts it."""
        return await self._call(
            "GET", "/api/zip/websocket", documents.live_port, total=self.config.handshake
        )

    async def _call(
        self,
        method: str,
        path: str,
        read: Read[T],
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        total: float | None = None,
    ) -> Answer[T]:
        sent = self._headers | dict(headers or {})
        if body is not None:
            sent["content-type"] = "application/json"
        try:
            response = await self._http.request(
                method,
                self.config.url + path,
                headers=sent,
                content=b"" if body is None else wire.body(body),
                total=total,
            )
        except HttpError as error:
            return of_error(error)
        return of_response(response, read)


def _part(text: str) -> str:
    """One segment of a path; an empty one would lead elsewhere."""
    return quote(text, safe="") or "-"


def _flow(session_id: str) -> str:
    return f"/api/flow-traces/sessions/{_part(session_id)}"
