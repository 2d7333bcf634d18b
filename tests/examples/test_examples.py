from __future__ import annotations

import json
import runpy
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import offbit_reflow
import pytest

from engine import Graph, Network, Permissions, builtin
from engine.codec import to_plain
from engine.graph import validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import ThreadingHTTPServer

    from engine import Result

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.json"))


async def run(name: str, inputs: dict[str, Any] | None = None, **options: Any) -> Result:
    text = (EXAMPLES / name).read_text()
    return await Network.from_graph(Graph.from_json(text), **options).run(inputs)


def end_of(result: Result) -> tuple[str, int, int]:
    return result.status, result.nodes_executed, result.nodes_failed


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_written_as_the_original_writes_it(file: Path) -> None:
    document = json.loads(file.read_text())

    ours = Graph.from_json(document).to_dict()
    original = offbit_reflow.Graph.from_json(document).to_json()

    assert (ours, original) == (document, document)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_has_neither_problems_nor_warnings(file: Path) -> None:
    assert validate(Graph.from_json(file.read_text()), builtin()) == ()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_says_what_it_is_and_where_each_node_stands(file: Path) -> None:
    document = json.loads(file.read_text())
    places = [
        (node["metadata"]["x"], node["metadata"]["y"]) for node in document["processes"].values()
    ]

    assert document["properties"]["name"]
    assert document["properties"]["description"]
    assert len(set(places)) == len(places)


async def test_orders_are_parsed_branched_by_amount_marked_and_collected() -> None:
    result = await run("orders.json")

    assert result.outputs == {
        "review": [
            [{"id": "A-1001", "customer": "Ada", "amount": 420.5, "handling": "review"}],
        ],
        "ship": [
            [
                {"id": "A-1002", "customer": "Grace", "amount": 35, "handling": "ship"},
                {"id": "A-1003", "customer": "Linus", "amount": 100, "handling": "ship"},
            ],
        ],
        "customers": [["Grace", "Linus"]],
    }
    assert end_of(result) == ("completed", 9, 0)


async def test_orders_that_are_sent_come_after_the_samples() -> None:
    more = json.dumps([{"id": "B-1", "customer": "Barbara", "amount": 101}])

    result = await run("orders.json", {"orders": more})

    assert [order["id"] for order in result.outputs["review"][0]] == ["A-1001", "B-1"]
    assert [order["id"] for order in result.outputs["ship"][0]] == ["A-1002", "A-1003"]


async def test_a_message_comes_out_of_the_chain_of_forty_nodes_unchanged() -> None:
    result = await run("light_chain.json", {"in": {"deep": [True]}})

    assert result.outputs == {"out": [1, {"deep": [True]}]}
    assert end_of(result) == ("completed", 40, 0)


async def test_each_number_meets_its_own_three_results_at_the_join() -> None:
    result = await run("fan_out_join.json", {"number": 5})

    assert result.outputs == {
        "results": [
            [
                {"a": 17.0, "b": 21.0, "c": 49.0},
                {"a": 12.0, "b": 6.0, "c": 4.0},
                {"a": 15.0, "b": 15.0, "c": 25.0},
            ]
        ]
    }
    assert end_of(result) == ("completed", 6, 0)


@pytest.fixture
def customer_service() -> Iterator[ThreadingHTTPServer]:
    server = runpy.run_path(str(EXAMPLES / "customer_service.py"))["serve"](0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


def enrichment(port: int) -> Graph:
    text = (EXAMPLES / "http_enrichment.json").read_text()
    return Graph.from_json(text.replace("127.0.0.1:8765", f"127.0.0.1:{port}"))


LOOPBACK = Permissions(network=True, private_hosts=frozenset({"127.0.0.1"}))


async def test_an_order_is_joined_to_what_the_customer_service_knows(
    customer_service: ThreadingHTTPServer,
) -> None:
    graph = enrichment(customer_service.server_port)

    result = await Network.from_graph(graph, permissions=LOOPBACK).run()

    assert result.outputs == {
        "enriched": [
            {
                "a": {"id": "A-1001", "customer": "ada", "amount": 420.5},
                "b": {"name": "Ada Lovelace", "tier": "gold"},
            }
        ],
        "failed": [],
    }
    assert end_of(result) == ("completed", 4, 0)


async def test_the_enrichment_may_not_reach_this_machine_unless_the_operator_allows_it(
    customer_service: ThreadingHTTPServer,
) -> None:
    graph = enrichment(customer_service.server_port)

    result = await Network.from_graph(graph, permissions=Permissions(network=True)).run()

    assert result.outputs["enriched"] == []
    assert "127.0.0.1" in str(result.outputs["failed"])


async def test_a_handled_error_goes_on_and_an_unheard_one_fails_the_run() -> None:
    result = await run("error_handling.json")

    assert {port: list(map(to_plain, sent)) for port, sent in result.outputs.items()} == {
        "handled": [["Division by zero"]],
        "received": [["received: {this is not JSON"]],
        "parsed": [],
    }
    assert (result.status, result.nodes_executed) == ("failed", 6)
    assert [(error.node, error.code) for error in result.errors] == [("parse", "error_unconnected")]
