"""Flow control components, each run in a network of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ErrorValue, Network
from engine.clock import SystemClock
from engine.errors import GraphError
from tests.engine.components.harness import run_actor

# Passthrough.


async def test_a_passthrough_sends_every_message_on_unchanged() -> None:
    messages = [1, 1.0, "a", None, True, [1], {"a": {"b": 2}}]

    outputs = await run_actor("tpl_passthrough", {}, {"input": messages})

    assert outputs == {"output": messages}


# Branch.


@pytest.mark.parametrize(
    ("config", "message", "port"),
    [
        ({"condition_field": "a", "condition_value": 1}, {"a": 1}, "true-out"),
        ({"field": "a", "value": 1}, {"a": 1}, "true-out"),
        ({"field": "a", "value": 1}, {"a": "1"}, "false-out"),
        ({"field": "a.b", "value": 1}, {"a": {"b": 1}}, "true-out"),
        ({"value": 1}, 1, "true-out"),
        ({"value": 1}, 1.0, "true-out"),
        ({"value": 1}, "1", "false-out"),
        ({"condition_type": "greater_than", "value": 5}, 6, "true-out"),
        ({"condition_type": "greater_than", "value": 5.5}, 6, "true-out"),
        ({"condition_type": "greater_than", "value": 5}, 5.5, "true-out"),
        ({"condition_type": "greater_than", "field": "a", "value": 5}, {"a": 9}, "true-out"),
        ({"condition_type": "less_than", "value": 5}, 5, "false-out"),
        ({"condition_type": "contains", "value": "ell"}, "hello", "true-out"),
        ({"condition_type": "contains", "value": 2}, [1, 2], "true-out"),
        ({"condition_type": "contains", "field": "tags", "value": "x"}, {"tags": []}, "false-out"),
        ({"condition_type": "is_empty"}, "", "true-out"),
        ({"condition_type": "is_empty"}, {}, "true-out"),
        ({"condition_type": "is_empty"}, None, "true-out"),
        ({"condition_type": "is_empty", "field": "z"}, {"a": 1}, "true-out"),
        ({"condition_type": "is_empty"}, 0, "false-out"),
        ({"condition_type": "truthy"}, True, "true-out"),
        ({"condition_type": "truthy"}, 0, "false-out"),
        ({"condition_type": "truthy"}, {"a": 1}, "true-out"),
        ({"condition_type": "truthy"}, {}, "false-out"),
        ({"condition_type": "truthy", "field": "a"}, {"a": 0}, "false-out"),
        ({"condition_type": "truthy"}, {"type": "Optional", "data": 0}, "true-out"),
    ],
)
async def test_a_simple_condition_sends_the_message_one_of_two_ways(
    config: dict[str, Any], message: Any, port: str
) -> None:
    outputs = await run_actor("tpl_if_branch", config, {"data": [message]})

    assert list(outputs) == [port]


RULES = {"type": "IF", "groups": [{"rules": [{"field": "n", "operator": "gt", "value": 5}]}]}


@pytest.mark.parametrize(
    ("rules", "outputs"),
    [
        (RULES, {"true-out": [{"n": 6}], "false-out": [{"n": 5}, {}]}),
        ({**RULES, "type": "OR"}, {"true-out": [{"n": 6}], "false-out": [{"n": 5}, {}]}),
        ({"groups": []}, {"false-out": [{"n": 6}, {"n": 5}, {}]}),
        ({}, {"true-out": [{}], "false-out": [{"n": 6}, {"n": 5}]}),
    ],
)
async def test_decision_rules_win_over_the_simple_condition_if_they_have_groups(
    rules: dict[str, Any], outputs: dict[str, Any]
) -> None:
    config = {"decisionRules": rules, "condition_type": "is_empty"}

    sent = await run_actor("tpl_if_branch", config, {"data": [{"n": 6}, {"n": 5}, {}]})

    assert sent == outputs


async def test_a_branch_answers_to_the_port_names_of_the_original_and_of_editors() -> None:
    network = Network()
    network.add_node("branch", "tpl_if_branch", {"value": 1})
    network.add_initial("branch", "input-in", 1)
    network.add_initial("branch", "data", 2)
    network.add_outport("yes", "branch", "true_output")
    network.add_outport("no", "branch", "false-out")

    result = await network.run()

    assert result.outputs == {"yes": [1], "no": [2]}


@pytest.mark.parametrize(
    ("component", "config", "error"),
    [
        ("tpl_if_branch", {"condition_type": "equal"}, "did you mean 'equals'?"),
        ("tpl_if_branch", {"decisionRules": 5}, "rules must be an object"),
        ("tpl_if_branch", {"field": "a..b"}, "is not a path"),
        ("tpl_merge", {"mode": "list"}, "one of: array, object"),
        ("tpl_loop", {"maxIterations": -1}, "must be at least 0, not -1"),
        ("tpl_collect", {"count": "two"}, "must be a whole number, not 'two'"),
        ("tpl_delay", {"delayMs": -5}, "must be at least 0, not -5"),
    ],
)
async def test_a_wrong_setting_is_refused_before_anything_runs(
    component: str, config: dict[str, Any], error: str
) -> None:
    network = Network()
    network.add_node("node", component, config)

    with pytest.raises(GraphError) as caught:
        await network.run()

    assert error in str(caught.value)


# Switch.


@pytest.mark.parametrize(
    ("config", "message", "port"),
    [
        ({"switch_field": "k", "case2_value": "b"}, {"k": "b"}, "case2"),
        ({"field": "k.x", "case3_value": 1}, {"k": {"x": 1.0}}, "case3"),
        ({"case1_value": "a"}, "a", "case1"),
        ({"case1_value": 1, "case4_value": "1"}, "1", "case4"),
        ({"case1_value": "a", "case2_value": "a"}, "a", "case1"),
        ({"case1_value": "a"}, "z", "default"),
        ({"case1_value": None}, None, "case1"),
        ({"case1_value": "a"}, None, "default"),
        ({"field": "k", "case1_value": None}, {}, "case1"),
        ({"field": "k", "case1_value": None}, "text", "default"),
    ],
)
async def test_a_switch_sends_to_the_first_equal_case_or_to_default(
    config: dict[str, Any], message: Any, port: str
) -> None:
    outputs = await run_actor("tpl_switch", config, {"data": [message]})

    assert outputs == {port: [message]}


# Loop.


@pytest.mark.parametrize(
    ("config", "collection", "outputs"),
    [
        (
            {},
            [10, "b", {"c": 1}],
            {
                "item": [
                    {"value": 10, "index": 0},
                    {"value": "b", "index": 1},
                    {"value": {"c": 1}, "index": 2},
                ],
                "completed": [True],
                "index": [0, 1, 2],
            },
        ),
        ({}, [], {"completed": [True]}),
        ({}, "text", {"completed": [True]}),
        (
            {"maxIterations": 1},
            ["a", "b"],
            {"item": [{"value": "a", "index": 0}], "completed": [True], "index": [0]},
        ),
    ],
)
async def test_a_loop_sends_its_elements_then_that_it_is_completed(
    config: dict[str, Any], collection: Any, outputs: dict[str, Any]
) -> None:
    sent = await run_actor("tpl_loop", config, {"collection": [collection]})

    assert sent == outputs


async def test_a_loop_over_a_long_list_keeps_to_the_bounds_of_its_receivers() -> None:
    network = Network()
    network.add_node("loop", "tpl_loop")
    network.add_node("wait", "tpl_delay", {"delayMs": 0})
    network.add_node("collect", "tpl_collect", {"count": 100_000})
    network.add_connection("loop", "item", "wait", "input")
    network.add_connection("wait", "output", "collect", "input")
    network.add_initial("loop", "collection", list(range(5000)))
    network.add_outport("count", "collect", "count")

    result = await network.run()

    assert result.outputs == {"count": [5000]}


async def test_the_initial_value_of_a_loop_starts_nothing() -> None:
    outputs = await run_actor("tpl_loop", {}, {"initial_value": [1]})

    assert outputs == {}


# Merge.


@pytest.mark.parametrize(
    ("mode", "output"),
    [
        ("object", [{"a": 1, "c": "x"}, {"a": 2, "c": "y"}]),
        ("array", [[1, "x"], [2, "y"]]),
    ],
)
async def test_a_merge_joins_the_nth_with_the_nth_of_the_connected_inports(
    mode: str, output: list[Any]
) -> None:
    outputs = await run_actor("tpl_merge", {"mode": mode}, {"c": ["x", "y"], "a": [1, 2]})

    assert outputs == {"output": output}


async def test_what_finds_no_partner_at_a_merge_is_reported() -> None:
    network = Network()
    network.add_node("merge", "tpl_merge")
    for value in (1, 2):
        network.add_initial("merge", "a", value)
    network.add_initial("merge", "b", "x")
    network.add_outport("out", "merge", "output")

    result = await network.run()

    assert (result.outputs, result.undelivered) == (
        {"out": [{"a": 1, "b": "x"}]},
        {"merge.a": 1},
    )


# Split.


@pytest.mark.parametrize(
    ("message", "outputs"),
    [
        ([1, 2, 3], {"head": [1], "tail": [[2, 3]], "count": [3]}),
        ([None], {"head": [None], "tail": [[]], "count": [1]}),
        ([], {"tail": [[]], "count": [0]}),
        ("text", {"error": [ErrorValue("Expected Array on input port")]}),
    ],
)
async def test_a_split_takes_a_list_apart(message: Any, outputs: dict[str, Any]) -> None:
    sent = await run_actor("tpl_split", {}, {"input": [message]})

    assert sent == outputs


# Gate.


@pytest.mark.parametrize(
    ("control", "port"),
    [
        (True, "output"),
        (False, "blocked"),
        (1, "output"),
        (0, "blocked"),
        (0.0, "blocked"),
        ("", "output"),
        (None, "output"),
        ([], "output"),
    ],
)
@pytest.mark.parametrize("invert", [False, True])
async def test_a_gate_is_open_unless_its_control_is_false_or_zero(
    control: Any, port: str, invert: bool
) -> None:
    other = {"output": "blocked", "blocked": "output"}[port]

    sent = await run_actor("tpl_gate", {"invert": invert}, {"input": ["m"], "control": [control]})

    assert sent == {other if invert else port: ["m"]}


async def test_a_gate_uses_up_each_pair_in_order() -> None:
    inputs: dict[str, list[Any]] = {"input": [1, 2, 3], "control": [True, False, True]}

    sent = await run_actor("tpl_gate", {}, inputs)

    assert sent == {"output": [1, 3], "blocked": [2]}


# Collect.


@pytest.mark.parametrize(
    ("config", "messages", "outputs"),
    [
        ({"count": 2}, [1, "b"], {"output": [[1, "b"]], "count": [2]}),
        ({"count": 2.0}, [1, 2, 3, 4, 5], {"output": [[1, 2], [3, 4], [5]], "count": [2, 2, 1]}),
        ({"count": "2"}, [None, [1]], {"output": [[None, [1]]], "count": [2]}),
        ({"count": 0}, [1, 2], {"output": [[1], [2]], "count": [1, 1]}),
        ({}, list(range(12)), {"output": [list(range(10)), [10, 11]], "count": [10, 2]}),
        ({}, [], {}),
    ],
)
async def test_a_collect_sends_full_lists_and_the_rest_at_the_end(
    config: dict[str, Any], messages: list[Any], outputs: dict[str, Any]
) -> None:
    sent = await run_actor("tpl_collect", config, {"input": messages})

    assert sent == outputs


async def test_what_a_collect_flushes_still_runs_through_the_rest_of_the_graph() -> None:
    network = Network()
    network.add_node("second", "tpl_collect", {"count": 2})
    network.add_node("wait", "tpl_delay", {"delayMs": 1})
    network.add_node("first", "tpl_collect", {"count": 2})
    network.add_connection("first", "output", "wait", "input")
    network.add_connection("wait", "output", "second", "input")
    for value in range(7):
        network.add_initial("first", "input", value)
    network.add_outport("out", "second", "output")

    result = await network.run()

    assert result.outputs == {"out": [[[0, 1], [2, 3]], [[4, 5], [6]]]}


@settings(max_examples=30, deadline=None)
@given(items=st.lists(st.integers(-9, 9), max_size=30), count=st.integers(1, 7))
async def test_splitting_and_collecting_loses_nothing(items: list[int], count: int) -> None:
    network = Network()
    network.add_node("loop", "tpl_loop")
    network.add_node(
        "value", "tpl_data_transformer", {"operation": "extract_field", "field": "value"}
    )
    network.add_node("collect", "tpl_collect", {"count": count})
    network.add_connection("loop", "item", "value", "input")
    network.add_connection("value", "output", "collect", "input")
    network.add_initial("loop", "collection", items)
    network.add_outport("out", "collect", "output")

    result = await network.run()

    lists = result.outputs.get("out", [])
    assert [item for one in lists for item in one] == items
    assert all(len(one) == count for one in lists[:-1])


# Delay.


class RecordingClock(SystemClock):
    """Sleeps end when so many sleep at once, however long they were to be."""

    def __init__(self, together: int) -> None:
        self.slept: list[float] = []
        self.barrier = asyncio.Barrier(together)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        async with asyncio.timeout(5):
            await self.barrier.wait()


async def test_delayed_messages_wait_side_by_side_and_leave_in_order() -> None:
    clock = RecordingClock(together=3)

    outputs = await run_actor(
        "tpl_delay", {"delayMs": 200}, {"input": ["a", "b", "c"]}, clock=clock
    )

    assert (outputs, clock.slept) == ({"output": ["a", "b", "c"]}, [0.2, 0.2, 0.2])


# Emit.


@pytest.mark.parametrize(
    ("config", "outputs"),
    [
        ({"data": 5}, {"output": [5]}),
        ({"data": [1, "a"]}, {"output": [[1, "a"]]}),
        ({"data": None}, {"output": [None]}),
        ({"data": 5, "oneshot": False}, {"output": [5, 5]}),
        ({}, {}),
        ({"data": 1, "port": "elsewhere"}, {"output": [1]}),
    ],
)
async def test_data_is_emitted_when_triggered(
    config: dict[str, Any], outputs: dict[str, Any]
) -> None:
    sent = await run_actor("tpl_data_emit", config, {"trigger": ["x", "y"]})

    assert sent == outputs


async def test_data_is_emitted_once_at_the_start_if_nothing_triggers_it() -> None:
    sent = await run_actor("tpl_data_emit", {"data": {"a": 1}, "oneshot": False})

    assert sent == {"output": [{"a": 1}]}
