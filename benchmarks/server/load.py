"""How many starts the server takes over HTTP, and how many short runs it brings to their end."""

from __future__ import annotations

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.graph import Graph

if TYPE_CHECKING:
    import httpx

    from tests.e2e.server import Server

SECONDS = 10.0
CLIENTS = 8
RUNS = 600
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Accepted:
    """Starts over HTTP while the workers run them."""

    a_second: float
    p50_ms: float
    p99_ms: float


def short_graph() -> dict[str, Any]:
    """Three light nodes."""
    graph = Graph("short", case_sensitive=True)
    for name in "abc":
        graph.add_node(name, "tpl_passthrough")
    graph.add_connection("a", "output", "b", "input")
    graph.add_connection("b", "output", "c", "input")
    graph.add_inport("in", "a", "input")
    graph.add_outport("out", "c", "output")
    return graph.to_dict()


def workflow(server: Server, name: str, graph: dict[str, Any]) -> int:
    with server.client() as client:
        answer = client.post("/api/v1/workflows", json={"name": name, "graph": graph})
        answer.raise_for_status()
        return int(answer.json()["id"])


class Starter:
    """A connection that starts runs; it takes a sixth of httpx's time from the server beside it."""

    def __init__(self, server: Server, workflow_id: int) -> None:
        address = urlsplit(server.url)
        self._http = HTTPConnection(str(address.hostname), address.port, timeout=60)
        self._body = json.dumps({"workflow": workflow_id, "input": {"in": 1}})
        token = f"Bearer {server.credentials.token}"
        self._headers = {"Authorization": token, "Content-Type": "application/json"}

    def start(self) -> float:
        """Seconds to the answer."""
        began = time.perf_counter()
        self._http.request("POST", "/api/v1/executions", self._body, self._headers)
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status != HTTPStatus.ACCEPTED:
            raise RuntimeError(f"{answer.status}: {content[:500]!r}")
        return time.perf_counter() - began

    def start_until(self, deadline: float) -> list[float]:
        took = []
        while time.perf_counter() < deadline:
            took.append(self.start())
        return took


def accepted(server: Server, workflow_id: int) -> Accepted:
    """From as many connections as a handful of programs would open."""
    started = time.perf_counter()
    clients = [Starter(server, workflow_id) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as threads:
        each = threads.map(lambda client: client.start_until(started + SECONDS), clients)
        took = list(chain.from_iterable(each))
    seconds = time.perf_counter() - started
    cuts = statistics.quantiles(took, n=100)
    return Accepted(len(took) / seconds, cuts[49] * 1000, cuts[98] * 1000)


def start_all(server: Server, workflow_id: int, count: int) -> None:
    """So many starts, from the same number of connections."""

    def start_share(first: int) -> None:
        client = Starter(server, workflow_id)
        for _ in range(first, count, CLIENTS):
            client.start()

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(start_share, range(CLIENTS)))


def completed(server: Server, workflow_id: int) -> float:
    """Short runs a second, from the request that queues them all to the end of the last one."""
    items = [{"input": {"in": number}} for number in range(RUNS)]
    with server.client() as client:
        started = time.perf_counter()
        body = {"workflow": workflow_id, "items": items}
        client.post("/api/v1/executions/bulk", json=body).raise_for_status()
        wait_until_idle(client)
        return RUNS / (time.perf_counter() - started)


def wait_until_idle(client: httpx.Client, seconds: float = 300.0) -> None:
    """Until no run is queued or running."""
    deadline = time.perf_counter() + seconds
    while any(_has(client, status) for status in ("running", "queued")):
        if time.perf_counter() > deadline:
            raise TimeoutError("the server still has runs")
        time.sleep(POLL_SECONDS)


def _has(client: httpx.Client, status: str) -> bool:
    answer = client.get(f"/api/v1/executions?status={status}&page_size=1")
    answer.raise_for_status()
    return bool(answer.json()["results"])
