"""The mapping from stored events to Reflow's network events and to the events resource."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from workflows.api.wire import engine_event, network_event
from workflows.models import ExecutionEvent

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
AT_MS = 1767323045678


def stored(kind: str, node: str = "", **data: Any) -> ExecutionEvent:
    return ExecutionEvent(seq=7, type=kind, node=node, at=AT, data=json.dumps(data))


def test_started_is_network_started() -> None:
    event = network_event(stored("Started", nodes=2, connections=1))

    assert event == {
        "_type": "NetworkStarted",
        "nodes": 2,
        "connections": 1,
        "seq": 7,
        "timestamp": AT_MS,
    }


def test_node_executing_is_actor_started() -> None:
    row = stored("NodeExecuting", "a", component="tpl_loop", count=1, input_connections=["x"])

    assert network_event(row) == {
        "_type": "ActorStarted",
        "actorId": "a",
        "component": "tpl_loop",
        "count": 1,
        "input_connections": ["x"],
        "seq": 7,
        "timestamp": AT_MS,
    }


def test_a_completed_actor_shows_its_outputs_bare() -> None:
    row = stored(
        "ActorCompleted",
        "a",
        component="double",
        count=1,
        duration_ms=1.5,
        output_size=30,
        output_connections=["a.out -> b.in"],
        outputs={"out": {"type": "Integer", "data": 42}, "go": {"type": "Flow"}},
    )

    assert network_event(row) == {
        "_type": "ActorCompleted",
        "actorId": "a",
        "component": "double",
        "count": 1,
        "duration_ms": 1.5,
        "output_size": 30,
        "output_connections": ["a.out -> b.in"],
        "outputs": {"out": 42, "go": "flow"},
        "seq": 7,
        "timestamp": AT_MS,
    }


def test_a_failed_actor_names_its_error() -> None:
    row = stored("ActorFailed", "a", component="c", error="no", code="actor_error", handled=False)

    assert network_event(row) == {
        "_type": "ActorFailed",
        "actorId": "a",
        "component": "c",
        "error": "no",
        "code": "actor_error",
        "handled": False,
        "seq": 7,
        "timestamp": AT_MS,
    }


def test_a_message_sent_names_both_ends() -> None:
    row = stored(
        "MessageSent",
        "a",
        from_port="out",
        to_node="b",
        to_port="in",
        connection="a.out -> b.in",
        message={"type": "Array", "data": [1, "a"]},
        size=33,
        count=1,
    )

    assert network_event(row) == {
        "_type": "MessageSent",
        "fromActor": "a",
        "fromPort": "out",
        "toActor": "b",
        "toPort": "in",
        "connection": "a.out -> b.in",
        "message": [1, "a"],
        "messageType": "Array",
        "size": 33,
        "count": 1,
        "seq": 7,
        "timestamp": AT_MS,
    }


def test_a_message_received_names_actor_and_port() -> None:
    row = stored("MessageReceived", "a", port="in", message={"type": "Float", "data": 1.0}, size=9)

    assert network_event(row) == {
        "_type": "MessageReceived",
        "actorId": "a",
        "port": "in",
        "message": 1.0,
        "messageType": "Float",
        "size": 9,
        "seq": 7,
        "timestamp": AT_MS,
    }


@pytest.mark.parametrize("kind", ["NetworkIdle", "NetworkShutdown"])
def test_an_event_of_the_network_has_its_name_and_time_only(kind: str) -> None:
    assert network_event(stored(kind)) == {"_type": kind, "seq": 7, "timestamp": AT_MS}


def test_what_reflow_has_no_word_for_keeps_its_own() -> None:
    row = stored("Completed", duration_ms=3.0, nodes_executed=2, nodes_failed=0)

    assert network_event(row) == {
        "_type": "Completed",
        "duration_ms": 3.0,
        "nodes_executed": 2,
        "nodes_failed": 0,
        "seq": 7,
        "timestamp": AT_MS,
    }


def test_the_events_resource_keeps_engine_names_and_tags() -> None:
    row = stored("MessageReceived", "a", port="in", message={"type": "Flow"}, size=15)

    assert engine_event(row) == {
        "seq": 7,
        "type": "MessageReceived",
        "node": "a",
        "timestamp": AT_MS,
        "data": {"port": "in", "message": {"type": "Flow"}, "size": 15},
    }
