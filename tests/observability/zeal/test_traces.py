"""From stored events to Zeal's traces, and whether Zeal takes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from engine import Network, builtin
from observability.zeal.previews import preview, redacted
from observability.zeal.traces import NodeInZeal, StoredEvent, Summary, hop, trace_event
from observability.zeal.wire import body
from tests.fakes.zeal.flow_traces import _checked
from tests.fakes.zeal.shapes import problems_of
from tests.fakes.zeal.traces import EVENT, SUMMARY
from workflows.event_rows import RowLimits, to_row

if TYPE_CHECKING:
    from engine.events import EngineEvent

AT = 1_795_295_906_967


def node_of(node: str) -> NodeInZeal:
    return NodeInZeal(f"zeal-{node}", node.title(), "math")


def event(kind: str, node: str = "add", **data: Any) -> StoredEvent:
    return StoredEvent(7, kind, node, AT, data)


SENT: dict[str, Any] = {
    "from_port": "result-out",
    "to_node": "log",
    "to_port": "data_in",
    "connection": "c1",
    "message": {"type": "Integer", "data": 42},
    "size": 30,
    "count": 1,
}


def test_a_finished_turn_is_an_output_with_its_duration() -> None:
    outputs = {"result": {"type": "Object", "data": {"sum": 3, "api_key": "s3cret"}}}
    done = event(
        "ActorCompleted", component="c", count=2, duration_ms=1.6, output_size=9, outputs=outputs
    )

    assert trace_event(done, node_of) == {
        "timestamp": AT,
        "nodeId": "zeal-add",
        "eventType": "output",
        "data": {
            "size": 9,
            "type": "Object",
            "preview": {"result": {"sum": 3, "api_key": "(hidden)"}},
        },
        "duration": 2,
        "metadata": {"custom": {"seq": 7, "event": "ActorCompleted", "count": 2}},
    }


def test_a_failure_tells_its_error_in_the_preview_too() -> None:
    failed = trace_event(event("ActorFailed", error="no" * 2000, code="actor_error"), node_of)

    assert failed is not None
    assert failed["eventType"] == "error"
    assert failed["error"] == {"message": "no" * 1000, "code": "actor_error"}
    assert failed["data"] == {"size": 0, "type": "Object", "preview": "no" * 1000}


def test_a_message_is_an_output_of_its_port_with_its_type() -> None:
    sent = trace_event(event("MessageSent", **SENT), node_of)
    long = {
        "message": {"type": "String", "data": "[1…"},
        "shortened": {"message": {"type": "Array", "size": 1}},
    }
    cut = trace_event(event("MessageSent", **SENT | long), node_of)

    assert sent is not None
    assert cut is not None
    assert (sent["portId"], sent["data"]) == (
        "result-out",
        {"size": 30, "type": "Integer", "preview": 42},
    )
    assert cut["data"]["type"] == "Array"


def test_a_message_is_a_hop() -> None:
    assert hop(event("MessageSent", **SENT), node_of) == {
        "source": {
            "nodeId": "zeal-add",
            "nodeName": "Add",
            "nodeType": "math",
            "portId": "result-out",
            "portName": "Result",
            "portType": "output",
        },
        "target": {
            "nodeId": "zeal-log",
            "nodeName": "Log",
            "nodeType": "math",
            "portId": "data_in",
            "portName": "Data",
            "portType": "input",
        },
        "duration": 0,
        "status": "success",
        "data": {"size": 30, "type": "application/json", "preview": 42},
        "graphId": "main",
        "graphName": "Main",
        "depth": 0,
    }


def test_a_failure_is_a_hop_of_the_node_to_itself() -> None:
    failed = hop(event("ActorFailed", error="no", code="actor_error"), node_of)

    assert failed is not None
    assert (failed["status"], failed["error"]) == (
        "error",
        {"message": "no", "code": "actor_error"},
    )
    assert hop(event("NodeExecuting"), node_of) is None


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ({"type": "String", "data": "x" * 30}, "x" * 20 + "…"),
        ({"type": "Array", "data": list(range(30))}, "[0,1,2,3,4,5,6,7,8,9…"),
        ({"type": "Array", "data": [1]}, [1]),
        ({"type": "Bytes", "data": "AAAA"}, None),
        ({"type": "Flow"}, None),
        ({"type": "Integer", "data": 2**70}, str(2**70)[:20] + "…"),
        ("text", "text"),
    ],
)
def test_previews_are_cut(message: Any, shown: Any) -> None:
    assert preview(message, characters=20) == shown
    assert preview(message, characters=0) is None


def test_secrets_are_hidden_by_their_names_at_any_depth() -> None:
    deep: Any = {"Password": 1}
    for _ in range(40):
        deep = [deep]

    assert redacted([{"a": {"X-Api-Key": "k", "b": 1}}]) == [
        {"a": {"X-Api-Key": "(hidden)", "b": 1}}
    ]
    assert "Password" not in json.dumps(redacted(deep))


async def run() -> list[StoredEvent]:
    """The events of a run as they are stored; its last node fails."""
    network = Network(registry=builtin())
    for name, component in (("add", "math_add"), ("log", "logger"), ("list", "map")):
        network.add_node(name, f"tpl_{component}")
    network.add_connection("add", "result", "log", "input")
    network.add_connection("log", "output", "list", "input")
    network.add_initial("add", "a", 1)
    network.add_initial("add", "b", 2)
    seen: list[EngineEvent] = []
    await network.run(on_event=seen.append)
    rows = [to_row(each, RowLimits()) for each in seen]
    return [
        StoredEvent(seq, row.type, row.node, int(row.at.timestamp() * 1000), json.loads(row.data))
        for seq, row in enumerate(rows, start=1)
    ]


async def test_zeal_takes_all_that_comes_of_a_run() -> None:
    events = await run()

    summary = Summary()
    traced = hops = 0
    for each in events:
        summary.add(each)
        if (made := trace_event(each, node_of)) is not None:
            traced += 1
            sent = json.loads(body(made))
            assert problems_of(EVENT, sent) == (sent, [])
        if (jump := hop(each, node_of)) is not None:
            hops += 1
            _checked(json.loads(body(jump)))
    document = summary.document()
    assert problems_of(SUMMARY, document) == (document, [])
    assert traced >= 7
    assert hops >= 2
    assert document["totalNodes"] == 3
    assert document["failedNodes"] == 1
    assert document["totalDataProcessed"] > 0


@pytest.mark.parametrize(
    ("kind", "data", "status", "error"),
    [
        ("Completed", {"duration_ms": 12.4}, "success", ""),
        ("Failed", {"error": "no", "duration_ms": None}, "error", "no"),
        ("Cancelled", {"by": "me", "reason": "late"}, "cancelled", "late"),
    ],
)
def test_a_run_ends_in_one_of_three_ways(
    kind: str, data: dict[str, Any], status: str, error: str
) -> None:
    summary = Summary()
    summary.add(event(kind, "", **data))

    assert (summary.status, summary.error) == (status, error)
    assert trace_event(event(kind, "", **data), node_of) is None
