"""How many starts the server takes over HTTP, and how many short runs it brings to their end."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from engine.graph import Graph

if TYPE_CHECKING:
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


def accepted(server: Server, workflow_id: int) -> Accepted:
    """From as many connections as a handful of programs would open."""
    return asyncio.run(_accepted(server, workflow_id))


async def _accepted(server: Server, workflow_id: int) -> Accepted:
    took: list[float] = []
    deadline = time.perf_counter() + SECONDS

    async def client(http: httpx.AsyncClient) -> None:
        while (started := time.perf_counter()) < deadline:
            body = {"workflow": workflow_id, "input": {"in": 1}}
            answer = await http.post("/api/v1/executions", json=body)
            answer.raise_for_status()
            took.append(time.perf_counter() - started)

    started = time.perf_counter()
    async with http_client(server) as http:
        await asyncio.gather(*(client(http) for _ in range(CLIENTS)))
    seconds = time.perf_counter() - started
    cuts = statistics.quantiles(took, n=100)
    return Accepted(len(took) / seconds, cuts[49] * 1000, cuts[98] * 1000)


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


def http_client(server: Server) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {server.credentials.token}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=60)
