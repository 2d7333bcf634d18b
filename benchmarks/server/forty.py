"""Forty light tasks: as one workflow, and as forty runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchmarks.server.load import start_all, wait_until_idle
from engine.graph import Graph

if TYPE_CHECKING:
    from tests.e2e.server import Server

TASKS = 40
POLL_SECONDS = 0.002


def chain() -> dict[str, Any]:
    """Forty nodes in a row, each adding one to its number."""
    graph = Graph("forty", case_sensitive=True)
    for number in range(TASKS):
        graph.add_node(f"n{number}", "tpl_math_add")
        graph.add_initial(f"n{number}", "b", 1)
        if number:
            graph.add_connection(f"n{number - 1}", "result", f"n{number}", "a")
    graph.add_inport("in", "n0", "a")
    graph.add_outport("out", f"n{TASKS - 1}", "result")
    return graph.to_dict()


def one_task() -> dict[str, Any]:
    graph = Graph("one", case_sensitive=True)
    graph.add_node("add", "tpl_math_add")
    graph.add_initial("add", "b", 1)
    graph.add_inport("in", "add", "a")
    graph.add_outport("out", "add", "result")
    return graph.to_dict()


def as_one_workflow(server: Server, workflow_id: int) -> float:
    """Seconds from POST to a GET that says ``completed``."""
    with server.client() as client:
        started = time.perf_counter()
        body = {"workflow": workflow_id, "input": {"in": 0}}
        answer = client.post("/api/v1/executions", json=body)
        address = f"/api/v1/executions/{answer.json()['execution_id']}"
        while (row := client.get(address).json())["status"] != "completed":
            time.sleep(POLL_SECONDS)
        took = time.perf_counter() - started
    if row["result"]["outputs"]["out"] != [TASKS]:
        raise RuntimeError(f"the chain is wrong: {row['result']}")
    return took


def as_separate_runs(server: Server, workflow_id: int) -> float:
    """Seconds from the first of forty POSTs to the end of the last run."""
    with server.client() as client:
        started = time.perf_counter()
        start_all(server, workflow_id, TASKS)
        wait_until_idle(client)
        return time.perf_counter() - started
