"""The orders example, sent once through the whole path, as a newcomer would with curl."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS = 5.0
OVER = ("completed", "failed", "cancelled")


class FirstRunError(Exception):
    """The example could not be run; the text says at which step."""


@dataclass(frozen=True, slots=True)
class FirstRun:
    execution_id: str
    status: str
    outputs: dict[str, Any]
    duration_ms: float  # of the run itself
    elapsed_ms: float  # from the request to the result


class Client:
    """The two calls of the REST interface that are needed."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def is_healthy(self) -> bool:
        try:
            return self._http.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    def start(self, graph: dict[str, Any]) -> str:
        """Send the graph with the example values of its inports.

        Raises:
            FirstRunError: it was not accepted.
        """
        body = {"graph_json": graph, "input": examples_of(graph), "metadata": {"source": "up"}}
        return str(self._data(self._http.post("/workflows", json=body))["execution_id"])

    def state(self, execution_id: str) -> dict[str, Any]:
        return self._data(self._http.get(f"/workflows/{execution_id}"))

    @staticmethod
    def _data(response: httpx.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError:
            body = {"error": "no JSON in the answer"}
        if not response.is_success or not body.get("success"):
            request = response.request
            raise FirstRunError(
                f"{request.method} {request.url.path} answered {response.status_code}:"
                f" {body.get('error', '')}"
            )
        data: dict[str, Any] = body["data"]
        return data


def connect(url: str, token: str) -> httpx.Client:
    """A client of our own server, whatever proxies the environment names."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)


def examples_of(graph: dict[str, Any]) -> dict[str, Any]:
    """The example value that each inport of the graph gives, if it does."""
    described = {name: port.get("metadata") or {} for name, port in graph["inports"].items()}
    return {name: said["example"] for name, said in described.items() if "example" in said}


def send_example(
    client: Client, document: str, wait: Callable[[Callable[[], bool]], bool]
) -> FirstRun:
    """Run a graph to its end; ``wait`` answers False when a condition stays false too long.

    Raises:
        FirstRunError: it was refused, or did not end in time.
    """
    started = time.monotonic()
    try:
        execution_id = client.start(json.loads(document))
        if not wait(lambda: client.state(execution_id)["status"] in OVER):
            state = client.state(execution_id)["status"]
            raise FirstRunError(f"run {execution_id} is still {state}")
        elapsed_ms = (time.monotonic() - started) * 1000
        state = client.state(execution_id)
    except httpx.HTTPError as error:
        raise FirstRunError(f"the server did not answer: {error}") from error
    return _read(execution_id, state, elapsed_ms)


def _read(execution_id: str, state: dict[str, Any], elapsed_ms: float) -> FirstRun:
    results = (state.get("result") or {}).get("results") or {}
    return FirstRun(
        execution_id=execution_id,
        status=state["status"],
        outputs=results.get("outputs", {}),
        duration_ms=results.get("duration_ms", 0.0),
        elapsed_ms=elapsed_ms,
    )
