"""From stored events to the live socket's, with the ids that light up Zeal's canvas."""

from __future__ import annotations

from typing import Any

import pytest

from observability.zeal.live_events import flat, live_event
from tests.observability.zeal.live import run_of, stored
from tests.workflows.zeal.documents import TARGET, sample
from workflows.zeal.connections import ZealConnections
from workflows.zeal.converting import convert

SUM = "tpl_math_add-2-c"
CONNECTIONS = ZealConnections(convert(sample("sum"), TARGET).graph, TARGET.registry)
NESTED = ZealConnections(convert(sample("subgraph"), TARGET).graph, TARGET.registry)
RUN = run_of("wf_1", CONNECTIONS)
COMMON = {"workflowId": "wf_1", "timestamp": "2026-11-21T21:18:26.968Z"}


@pytest.mark.parametrize(
    ("event", "made"),
    [
        (
            stored(1, "Started", nodes=3, connections=2),
            {
                "type": "execution.started",
                "data": {"sessionId": "exec_1", "workflowName": "Sample sum"},
            },
        ),
        (
            stored(1, "NodeExecuting", SUM, input_connections=[], count=2),
            {
                "type": "node.executing",
                "nodeId": SUM,
                "graphId": "main",
                "data": {"inputConnections": ["conn-1", "conn-2"]},
            },
        ),
        (
            stored(
                1,
                "ActorCompleted",
                SUM,
                output_connections=["conn-3"],
                duration_ms=1.5,
                output_size=8,
                outputs={},
            ),
            {
                "type": "node.completed",
                "nodeId": SUM,
                "graphId": "main",
                "data": {"outputConnections": ["conn-3"], "duration": 1.5, "outputSize": 8},
            },
        ),
        (
            stored(1, "ActorFailed", SUM, error="a\0b" + "x" * 5000, code="actor_error"),
            {
                "type": "node.failed",
                "nodeId": SUM,
                "graphId": "main",
                "data": {
                    "outputConnections": [],
                    "error": {"message": "a\N{REPLACEMENT CHARACTER}b" + "x" * 1997}
                    | {"code": "actor_error"},
                },
            },
        ),
        (
            stored(1, "Completed", duration_ms=12.5, nodes_executed=5, nodes_failed=1),
            {
                "type": "execution.completed",
                "data": {
                    "sessionId": "exec_1",
                    "duration": 12.5,
                    "nodesExecuted": 5,
                    "summary": {"successCount": 4, "errorCount": 1, "warningCount": 0},
                },
            },
        ),
        (
            stored(1, "Failed", error="it broke", code="actor_failed", duration_ms=None),
            {
                "type": "execution.failed",
                "data": {
                    "sessionId": "exec_1",
                    "error": {"message": "it broke", "code": "actor_failed"},
                },
            },
        ),
        (
            stored(1, "Cancelled", by="ann", reason="typo", duration_ms=3.0),
            {
                "type": "execution.failed",
                "data": {
                    "sessionId": "exec_1",
                    "duration": 3.0,
                    "error": {"message": "cancelled by ann: typo", "code": "CANCELLED"},
                },
            },
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else value.type,
)
def test_each_of_the_mapped_events_has_its_shape(event: Any, made: dict[str, Any]) -> None:
    assert live_event(RUN, event) == made | COMMON


@pytest.mark.parametrize("kind", ["MessageSent", "NetworkIdle", "ActorLogged", "Paused"])
def test_other_events_have_none(kind: str) -> None:
    assert live_event(RUN, stored(1, kind)) is None


def test_a_node_inside_a_subgraph_has_its_id_and_graph_of_zeals() -> None:
    run = run_of("wf_1", NESTED)

    made = live_event(run, stored(1, "NodeExecuting", "sub-2/pass", input_connections=[]))

    assert made is not None
    assert (made["nodeId"], made["graphId"]) == ("pass", "inner")


def test_a_graph_that_never_was_in_zeal_has_its_own_ids() -> None:
    run = run_of("wf_1")
    event = stored(1, "NodeExecuting", "a", input_connections=["x.out -> a.in"])

    made = live_event(run, event)

    assert made is not None
    assert made["nodeId"] == "a"
    assert made["data"] == {"inputConnections": ["x.out -> a.in"]}


def test_a_cancelled_run_without_a_name_is_only_cancelled() -> None:
    made = live_event(RUN, stored(1, "Cancelled", by="", reason=""))

    assert made is not None
    assert made["data"]["error"] == {"message": "cancelled", "code": "CANCELLED"}


def test_a_raw_frame_has_everything_at_the_top() -> None:
    made = live_event(RUN, stored(1, "Started"))
    assert made is not None

    frame = flat(made)

    assert frame.pop("id").startswith("evt_")
    assert frame == COMMON | {
        "type": "execution.started",
        "sessionId": "exec_1",
        "workflowName": "Sample sum",
    }
