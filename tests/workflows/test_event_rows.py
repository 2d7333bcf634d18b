from __future__ import annotations

import json
from datetime import UTC, datetime

from engine.events import (
    ActorCompleted,
    ActorFailed,
    ActorStateChanged,
    EngineEvent,
    MessageSent,
    NetworkIdle,
    NodeExecuting,
)
from engine.messages import FrozenDict, freeze
from workflows.event_rows import EventRow, RowLimits, clean, stored, summed, to_row, within

LIMITS = RowLimits(message_bytes=40, preview_characters=10)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def sent(message: object = 1, *, connection: str = "a.out -> b.in", count: int = 1) -> MessageSent:
    return MessageSent(
        timestamp=AT.timestamp(),
        node="a",
        from_port="out",
        to_node="b",
        to_port="in",
        connection=connection,
        message=freeze(message),
        size=10,
        count=count,
    )


def test_a_row_holds_the_event_with_its_message_tagged() -> None:
    row = to_row(sent(16.0), LIMITS)

    data = json.loads(row.data)
    assert (row.type, row.node, row.at, row.problems) == ("MessageSent", "a", AT, ())
    assert data == {
        "from_port": "out",
        "to_node": "b",
        "to_port": "in",
        "connection": "a.out -> b.in",
        "message": {"type": "Float", "data": 16.0},
        "size": 10,
        "count": 1,
    }


def test_outputs_are_tagged_by_port() -> None:
    event = ActorCompleted(
        timestamp=0,
        node="a",
        component="c",
        duration_ms=1.5,
        output_size=9,
        output_connections=("x",),
        outputs=FrozenDict(out=1, other=None),
    )

    data = json.loads(to_row(event, LIMITS).data)

    assert data["outputs"] == {
        "out": {"type": "Integer", "data": 1},
        "other": {"type": "Optional", "data": None},
    }
    assert data["output_connections"] == ["x"]


def test_a_large_message_is_kept_as_its_beginning_with_type_and_size() -> None:
    data = json.loads(to_row(sent([1] * 30), LIMITS).data)

    assert data["message"] == {"type": "String", "data": "[1,1,1,1,1…"}
    assert data["shortened"] == {"message": {"type": "Array", "size": 85}}


def test_a_large_output_is_shortened_under_its_port() -> None:
    event = ActorCompleted(
        timestamp=0,
        node="a",
        component="c",
        duration_ms=0,
        output_size=0,
        outputs=FrozenDict(out="é" * 30),
    )

    data = json.loads(to_row(event, LIMITS).data)

    assert data["shortened"] == {"out": {"type": "String", "size": 87}}


def test_a_message_that_cannot_be_written_becomes_an_error_naming_node_and_port() -> None:
    event = ActorCompleted(
        timestamp=0,
        node="a",
        component="c",
        duration_ms=0,
        output_size=0,
        outputs=FrozenDict(out=2**70),
    )

    row = to_row(event, RowLimits())

    (problem,) = row.problems
    message = json.loads(row.data)["outputs"]["out"]
    assert (problem.node, problem.port, problem.code) == ("a", "out", "message_invalid")
    assert message["type"] == "Error"
    assert message["data"].startswith("node 'a' port 'out': ")


def test_an_infinite_number_does_not_raise() -> None:
    row = to_row(sent(float("inf")), RowLimits())

    assert [problem.where for problem in row.problems] == ["node 'a' port 'out'"]


def test_texts_that_no_database_takes_are_mended() -> None:
    event = ActorFailed(timestamp=0, node="a\0", component="c", error="\ud800 broke")

    row = to_row(event, LIMITS)

    assert row.node == "a\N{REPLACEMENT CHARACTER}"
    assert json.loads(row.data)["error"] == "? broke"
    assert clean("fine é") == "fine é"


def test_lifecycle_states_are_not_stored() -> None:
    idle = NetworkIdle(timestamp=0)
    state = ActorStateChanged(timestamp=0, node="a", old="created", new="initialized")

    assert list(stored([state, idle])) == [idle]


def test_messages_of_one_connection_are_summed_where_the_last_one_stood() -> None:
    idle = NetworkIdle(timestamp=0)
    turn = NodeExecuting(timestamp=0, node="a", component="c")
    other = sent(9, connection="other")
    events: list[EngineEvent] = [sent(1), turn, sent(2), other, sent(3, count=4), idle]

    result = summed(events)

    last = result[2]
    assert isinstance(last, MessageSent)
    assert result == [turn, other, last, idle]
    assert (last.message, last.count, last.size) == (3, 6, 30)


def test_the_first_messages_are_kept_singly_and_the_rest_is_summed() -> None:
    events: list[EngineEvent] = [sent(1), sent(2), sent(3), sent(4)]

    kept, left = within(events, 2)
    more, none_left = within([sent(5)], left)

    assert [event.count for event in kept if isinstance(event, MessageSent)] == [1, 1, 2]
    assert (left, none_left) == (0, 0)
    assert more == [sent(5)]


def test_a_batch_below_the_limit_is_kept_as_it_is() -> None:
    assert within([sent(1), NetworkIdle(timestamp=0)], 5) == (
        [sent(1), NetworkIdle(timestamp=0)],
        4,
    )


def test_a_row_is_a_value() -> None:
    assert to_row(NetworkIdle(timestamp=AT.timestamp()), LIMITS) == EventRow(
        "NetworkIdle", "", AT, "{}"
    )
