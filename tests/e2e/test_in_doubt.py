from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from engine.graph import Graph
from tests.e2e.server import Server, children_of, wait_for
from tests.e2e.shop import Bank

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ORDERS = ("rerun", "skip", "output", "fail")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(
        tmp_path / "var",
        "--workers",
        "4",
        "--no-examples",
        LEASE_SECONDS="3",
        REFLOW_ACTORS="tests.e2e.shop:Charge",
        HTTP_ALLOW_PRIVATE="127.0.0.1",
        API_USER_RATE="10000",  # this client looks at four runs all the time
    )
    yield made
    made.close()


def charge_graph() -> dict[str, Any]:
    graph = Graph("charge")
    graph.add_node("pay", "charge")
    graph.add_inport("order", "pay", "order")
    graph.add_outport("receipt", "pay", "receipt")
    return graph.to_dict()


def run_of(client: httpx.Client, order: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/api/v1/executions/{order}").json()
    return answer


def statuses(client: httpx.Client) -> dict[str, str]:
    return {order: run_of(client, order)["status"] for order in ORDERS}


def test_charges_whose_workers_were_killed_wait_until_each_is_decided(server: Server) -> None:
    server.wait_until_it_says("Reflow is healthy")
    with Bank() as bank, server.client() as client:
        for order in ORDERS:
            given = {"order": {"id": order, "url": bank.url}}
            start = {"graph": charge_graph(), "input": given, "execution_id": order}
            assert client.post("/api/v1/executions", json=start).status_code == 202
        wait_for(lambda: sorted(bank.charged) == sorted(ORDERS), 30)

        for child in children_of(server.child("celery --quiet -A reflow_site worker")):
            os.kill(child, signal.SIGKILL)
        wait_for(lambda: set(statuses(client).values()) == {"waiting"}, 60)
        charged_before_anybody_decided = sorted(bank.charged)
        bank.open_up()
        for order in ORDERS:
            decision: dict[str, Any] = {"action": order}
            if order == "output":
                decision["outputs"] = {"receipt": ["paid by hand"]}
            address = f"/api/v1/executions/{order}/in-doubt/decide"
            assert client.post(address, json=decision).status_code == 200
        over = {"completed", "failed"}
        wait_for(lambda: set(statuses(client).values()) <= over, 60)
        runs = {order: run_of(client, order) for order in ORDERS}
        letters = client.get("/api/v1/dead-letters").json()["results"]

    assert charged_before_anybody_decided == sorted(ORDERS)
    assert sorted(bank.charged) == sorted([*ORDERS, "rerun"])
    assert {order: (run["status"], run["error_code"]) for order, run in runs.items()} == {
        "rerun": ("completed", ""),
        "skip": ("completed", ""),
        "output": ("completed", ""),
        "fail": ("failed", "in_doubt"),
    }
    outputs = {order: (run["result"] or {}).get("outputs") for order, run in runs.items()}
    assert outputs["rerun"] == {"receipt": ["paid"]}
    assert outputs["skip"] == {"receipt": []}
    assert outputs["output"] == {"receipt": ["paid by hand"]}
    assert [(letter["execution"], letter["code"]) for letter in letters] == [("skip", "in_doubt")]
