"""Components that change data, each run in a network of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ErrorValue, Network
from engine.errors import GraphError
from engine.registry import builtin
from tests.engine.components.harness import run_actor, run_result

NOT_AN_ARRAY = {"error": [ErrorValue("Expected Array on input port")]}


def bytes_message(text: str) -> dict[str, Any]:
    return {"type": "Bytes", "data": list(text.encode())}


# Map.


@pytest.mark.parametrize(
    ("config", "items", "outputs"),
    [
        ({}, [1, "a", None], {"output": [[1, "a", None]]}),
        (
            {"operation": "to_string"},
            [1, 1.5, "a", None, {"b": [True], "a": 0}],
            {"output": [["1", "1.5", "a", "null", '{"a":0,"b":[true]}']]},
        ),
        ({"operation": "to_number"}, ["3", 4, " -1.5e1 "], {"output": [[3.0, 4.0, -15.0]]}),
        (
            {"operation": "to_number"},
            [1, "x"],
            {"error": [ErrorValue("element 1: cannot make a number of 'x'")]},
        ),
        (
            {"operation": "to_number"},
            [True],
            {"error": [ErrorValue("element 0: cannot make a number of True")]},
        ),
        (
            {"operation": "to_number"},
            ["1e999"],
            {"error": [ErrorValue("element 0: cannot make a number of '1e999'")]},
        ),
        (
            {"operation": "to_number"},
            ["1_0"],
            {"error": [ErrorValue("element 0: cannot make a number of '1_0'")]},
        ),
        (
            {"operation": "extract_field", "field": "x"},
            [{"x": 1}, {"y": 2}, 3],
            {"output": [[1, None, None]]},
        ),
        ({"operation": "extract_field"}, [{"x": 1}], {"output": [[None]]}),
        (
            {"operation": "extract_field", "field": "x.y[0]"},
            [{"x": {"y": [7]}}],
            {"output": [[7]]},
        ),
        (
            {"operation": "template", "template": "${n}: ${ value }"},
            [{"n": "a"}],
            {"output": [['a: {"n":"a"}']]},
        ),
        ({"operation": "template"}, [5], {"output": [[5]]}),
        ({}, "text", NOT_AN_ARRAY),
        ({}, {"a": 1}, NOT_AN_ARRAY),
    ],
)
async def test_a_map_changes_each_element(
    config: dict[str, Any], items: Any, outputs: dict[str, Any]
) -> None:
    sent = await run_actor("tpl_map", config, {"input": [items]})

    assert sent == outputs


async def test_numbers_of_a_map_are_floats() -> None:
    sent = await run_actor("tpl_map", {"operation": "to_number"}, {"input": [[4, "3"]]})

    assert list(map(type, sent["output"][0])) == [float, float]


# Filter.


@pytest.mark.parametrize(
    ("config", "items", "kept", "rejected"),
    [
        ({}, [0, 1, "", None, [], {}, False], [1, [], {}], [0, "", None, False]),
        ({"condition": "not_null"}, [0, None, ""], [0, ""], [None]),
        ({"condition": "greater_than", "value": 2}, [1, 2, 3], [3], [1, 2]),
        ({"condition": "less_than", "value": 2}, [1, "1", None, 1.5], [1, 1.5], ["1", None]),
        ({"condition": "equals", "value": 1}, [1, 1.0, "1", True], [1, 1.0], ["1", True]),
        ({"condition": "contains", "value": "b"}, ["abc", ["b"], 5], ["abc", ["b"]], [5]),
        ({"condition": "between", "value": [1, 2]}, [0, 1, 2, 3], [1, 2], [0, 3]),
        ({"condition": "not_in", "value": ["a"]}, ["a", "b"], ["b"], ["a"]),
        (
            {"condition": "empty", "field": "n"},
            [{"n": 1}, {}, {"n": ""}],
            [{}, {"n": ""}],
            [{"n": 1}],
        ),
        (
            {"condition": "greater_equal", "field": "a.n", "value": 5},
            [{"a": {"n": 5}}, {"a": {}}, 9],
            [{"a": {"n": 5}}],
            [{"a": {}}, 9],
        ),
    ],
)
async def test_a_filter_parts_a_list_in_two(
    config: dict[str, Any], items: list[Any], kept: list[Any], rejected: list[Any]
) -> None:
    sent = await run_actor("tpl_filter", config, {"input": [items]})

    assert sent == {"output": [kept], "rejected": [rejected]}


async def test_a_filter_takes_lists_only() -> None:
    sent = await run_actor("tpl_filter", {}, {"input": [5]})

    assert sent == NOT_AN_ARRAY


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-9, 9) | st.text(max_size=3) | st.none(), max_size=20))
async def test_a_filter_keeps_every_element_once_and_in_order(items: list[Any]) -> None:
    config = {"condition": "greater_than", "value": 0}

    sent = await run_actor("tpl_filter", config, {"input": [items]})

    kept = [item for item in items if isinstance(item, int) and item > 0]
    rejected = [item for item in items if not (isinstance(item, int) and item > 0)]
    assert sent == {"output": [kept], "rejected": [rejected]}


# Reduce.

MIXED = [3, 1.5, "x", 2]


@pytest.mark.parametrize(
    ("operation", "items", "output"),
    [
        ("sum", MIXED, 6.5),
        ("product", MIXED, 9.0),
        ("min", MIXED, 1.5),
        ("max", MIXED, 3.0),
        ("count", MIXED, 4),
        ("concat", MIXED, "x"),
        ("first", MIXED, 3),
        ("last", MIXED, 2),
        ("sum", [True, "1", None], 0.0),
        ("sum", [], 0.0),
        ("product", [], 1.0),
        ("min", [], None),
        ("max", ["x"], None),
        ("count", [], 0),
        ("concat", [], ""),
        ("first", [], None),
        ("last", [], None),
    ],
)
async def test_a_reduce_makes_one_value_of_a_list(
    operation: str, items: list[Any], output: Any
) -> None:
    sent = await run_actor("tpl_reduce", {"operation": operation}, {"input": [items]})

    assert [(type(value), value) for value in sent["output"]] == [(type(output), output)]


@pytest.mark.parametrize(
    ("operation", "message", "error"),
    [
        ("sum", "text", "Expected Array on input port"),
        ("sum", [1e308, 1e308], "sum: the result is not finite"),
        ("product", [1e200, -1e200], "product: the result is not finite"),
    ],
)
async def test_what_a_reduce_cannot_do_leaves_on_the_error_port(
    operation: str, message: Any, error: str
) -> None:
    sent = await run_actor("tpl_reduce", {"operation": operation}, {"input": [message]})

    assert sent == {"error": [ErrorValue(error)]}


# Transformer.


@pytest.mark.parametrize(
    ("config", "message", "output"),
    [
        ({}, 3, 3),
        ({"transform_type": "passthrough"}, {"a": 1}, {"a": 1}),
        ({"transform_type": "to_uppercase"}, "ab", "AB"),
        ({"operation": "to_lowercase"}, "AB", "ab"),
        ({"operation": "to_uppercase"}, 1, 1),
        ({"operation": "to_json"}, {"b": 1.0, "a": [1, None]}, '{"a":[1,null],"b":1.0}'),
        ({"operation": "to_json"}, "a", '"a"'),
        ({"operation": "from_json"}, '{"a":[1]}', {"a": [1]}),
        ({"operation": "from_json"}, "[1.0]", [1.0]),
        ({"operation": "from_json"}, 5, 5),
        ({"operation": "extract_field", "field": "a"}, {"a": 1}, 1),
        ({"operation": "extract_field", "field_name": "a.b"}, {"a": {"b": [2]}}, [2]),
        ({"operation": "extract_field", "field": "z"}, {"a": 1}, None),
        ({"operation": "extract_field", "field": "z"}, "text", "text"),
        ({"operation": "set_field", "field": "b", "value": 2}, {"a": 1}, {"a": 1, "b": 2}),
        ({"operation": "set_field", "field": "b.c", "value": [2]}, {}, {"b": {"c": [2]}}),
        ({"operation": "set_field", "field": "b", "value": None}, {}, {"b": None}),
        ({"operation": "set_field", "field": "b"}, {"a": 1}, {"a": 1}),
        ({"operation": "set_field", "value": 2}, {"a": 1}, {"a": 1}),
        ({"operation": "extract_field"}, {"a": 1}, {"a": 1}),
        ({"operation": "template", "template": "v=${value}!"}, "x", "v=x!"),
        ({"operation": "template", "template": "v=${value}!"}, 3, "v=3!"),
        (
            {"operation": "template", "template": "${a} ${b.c} ${z}"},
            {"a": 1, "b": {"c": "x"}},
            "1 x null",
        ),
        ({"operation": "template"}, [1], "[1]"),
        ({"operation": "template", "template": "plain"}, [1], "plain"),
    ],
)
async def test_a_transformer_changes_each_message_in_one_way(
    config: dict[str, Any], message: Any, output: Any
) -> None:
    sent = await run_actor("tpl_data_transformer", config, {"input": [message]})

    assert sent == {"output": [output]}


@pytest.mark.parametrize(
    ("config", "message", "error"),
    [
        ({"operation": "from_json"}, "{bad", "JSON parse error: "),
        (
            {"operation": "set_field", "field": "b", "value": 2},
            1,
            "Expected Object on input port, not Integer",
        ),
        (
            {"operation": "set_field", "field": "a.b", "value": 2},
            {"a": "text"},
            "cannot set 'a.b': 'b' is not in String",
        ),
    ],
)
async def test_what_cannot_be_transformed_leaves_on_the_error_port(
    config: dict[str, Any], message: Any, error: str
) -> None:
    sent = await run_actor("tpl_data_transformer", config, {"input": [message]})

    assert [item.message[: len(error)] for item in sent["error"]] == [error]
    assert list(sent) == ["error"]


async def test_an_error_that_nobody_listens_to_fails_the_run() -> None:
    network = Network()
    network.add_node("parse", "tpl_json_parser")
    network.add_initial("parse", "input", "{")
    network.add_outport("out", "parse", "output")

    result = await network.run()

    assert (result.status, [error.node for error in result.errors]) == ("failed", ["parse"])


# JSON parser.


@pytest.mark.parametrize(
    ("config", "text", "output"),
    [
        ({"path": "a[0].b"}, '{"a":[{"b":7}]}', 7),
        ({"path": "a[1].b"}, '{"a":[{"b":7}]}', None),
        ({"path": ""}, "[1]", [1]),
        ({}, "5", 5),
        ({}, "null", None),
        ({}, ' {"a": 1.0} ', {"a": 1.0}),
        ({"path": "[1]"}, "[1, 2]", 2),
        ({}, bytes_message('{"a":"é"}'), {"a": "é"}),
    ],
)
async def test_json_is_parsed_to_its_true_type(
    config: dict[str, Any], text: Any, output: Any
) -> None:
    sent = await run_actor("tpl_json_parser", config, {"input": [text]})

    assert sent == {"output": [output]}


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("{", "JSON parse error: "),
        ("NaN", "JSON parse error: "),
        ("", "JSON parse error: "),
        ('{"a":1,"a":2}', "JSON parse error: "),
        ("1e999", "JSON parse error: "),
        (bytes_message("\x80")["data"], "Expected String or Bytes on input port"),
        ({"a": 1}, "Expected String or Bytes on input port"),
    ],
)
async def test_what_is_no_json_leaves_on_the_error_port(message: Any, error: str) -> None:
    sent = await run_actor("tpl_json_parser", {}, {"input": [message]})

    assert [item.message[: len(error)] for item in sent["error"]] == [error]
    assert list(sent) == ["error"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=30, deadline=None)
@given(JSON)
async def test_a_document_comes_out_of_the_parser_as_it_is(value: Any) -> None:
    sent = await run_actor("tpl_json_parser", {}, {"input": [json.dumps(value)]})

    assert sent == {"output": [value]}


# Data operations.

ROWS = [{"n": 3, "k": "a"}, {"n": 1, "k": "b"}, {"n": 2, "k": "a"}]


def one(**operation: Any) -> dict[str, Any]:
    return {"dataOperations": [{"operations": [operation]}]}


@pytest.mark.parametrize(
    ("config", "message", "output"),
    [
        ({}, ROWS, ROWS),
        ({"dataOperations": []}, ROWS, ROWS),
        ({"dataOperations": [{"operations": []}]}, ROWS, ROWS),
        (one(transformExpression="data"), 5, 5),
        (one(transformExpression="data.a.b"), {"a": {"b": 1}}, 1),
        (one(type="transform", transformExpression="a"), {"a": 1}, 1),
        (one(transformExpression="data.z"), {"a": 1}, None),
        (one(transformExpression="data.data"), ROWS, ROWS),
        (one(transformExpression="data.data.a"), {"a": 1}, 1),
        (one(transformExpression="data.data"), {"data": 7}, 7),
        (one(transformExpression="data.length"), ROWS, 3),
        (one(transformExpression="name.length"), {"name": "four"}, 4),
        (one(transformExpression="data.length"), {"length": 9}, 9),
        (one(transformExpression="foo(", enabled=False), ROWS, ROWS),
        (one(type="filter", filterExpression="item.n > 1"), ROWS, [ROWS[0], ROWS[2]]),
        (one(type="filter", filterExpression="data.k === 'b'"), ROWS, [ROWS[1]]),
        (one(type="filter", filterExpression='item.k != "b"'), ROWS, [ROWS[0], ROWS[2]]),
        (one(type="filter", filterExpression="n <= 1"), ROWS, [ROWS[1]]),
        (one(type="filter", filterExpression="k == 'a=>b'"), [{"k": "a=>b"}, {}], [{"k": "a=>b"}]),
        (one(type="filter", filterExpression="item.z > 1"), ROWS, []),
        (one(type="filter", filterExpression="item"), [0, 1, "", [], None], [1, []]),
        (one(type="sort", sortField="data.n"), ROWS, [ROWS[1], ROWS[2], ROWS[0]]),
        (one(type="sort", sortField="n", sortDirection="desc"), ROWS, [ROWS[0], ROWS[2], ROWS[1]]),
        (one(type="sort", sortField="k"), ROWS, [ROWS[0], ROWS[2], ROWS[1]]),
        (one(type="sort"), [2, 1.5, 3], [1.5, 2, 3]),
        (one(), 5, 5),
        (one(type="filter"), ROWS, ROWS),
        (one(type="group"), ROWS, ROWS),
        (one(type="map"), ROWS, ROWS),
        (one(type="map", mapping=[{"targetField": "m"}, {"sourceField": "n"}]), ROWS, ROWS),
        (one(type="map", mapping=[{"targetField": "m", "sourceField": "n"}]), [1, None], [1, None]),
        (one(type="sort"), {"a": 1}, {"a": 1}),
        (one(type="aggregate"), "text", "text"),
        (one(type="sort", sortField="n"), [{"n": "b"}, {"n": 1}], [{"n": "b"}, {"n": 1}]),
        (one(type="group", groupByField="data.k"), ROWS, {"a": [ROWS[0], ROWS[2]], "b": [ROWS[1]]}),
        (
            one(type="group", groupByField="k"),
            [{"k": 1}, {"k": 1.0}, {"k": True}, {"k": 0.5}, {}, {"k": {}}],
            {
                "1": [{"k": 1}, {"k": 1.0}],
                "true": [{"k": True}],
                "0.5": [{"k": 0.5}],
                "undefined": [{}, {"k": {}}],
            },
        ),
        (one(type="aggregate", aggregateField="data.n"), ROWS, {"sum": 6.0}),
        (one(type="aggregate", aggregateField="n", aggregateFunction="max"), ROWS, {"max": 3.0}),
        (one(type="aggregate", aggregateField="n", aggregateFunction="min"), ROWS, {"min": 1.0}),
        (one(type="aggregate", aggregateField="n", aggregateFunction="avg"), ROWS, {"avg": 2.0}),
        (
            one(type="aggregate", aggregateField="n", aggregateFunction="first"),
            ROWS,
            {"first": 3.0},
        ),
        (one(type="aggregate", aggregateField="n", aggregateFunction="last"), ROWS, {"last": 2.0}),
        (
            one(type="aggregate", aggregateField="n", aggregateFunction="count"),
            ROWS,
            {"count": 3.0},
        ),
        (one(type="aggregate", aggregateField="k"), ROWS, {"sum": 0.0}),
        (one(type="aggregate"), ROWS, {"count": 3}),
        (one(type="aggregate", aggregateField="n"), [], {"sum": 0.0}),
        (one(type="aggregate", aggregateField="n", aggregateFunction="avg"), [], {"avg": 0.0}),
        (one(type="aggregate", aggregateField="n", aggregateFunction="first"), [], {"first": 0.0}),
        (one(type="aggregate", aggregateField="n", aggregateFunction="max"), [], {"max": None}),
        (
            one(type="map", mapping=[{"targetField": "m", "transform": "data.n"}]),
            ROWS[:1],
            [{"n": 3, "k": "a", "m": 3}],
        ),
        (
            one(
                type="map",
                mapping=[
                    {"targetField": "a.b", "sourceField": "n"},
                    {"targetField": "c", "sourceField": "${data.a.b}"},
                    {"targetField": "d", "sourceField": "5"},
                    {"targetField": "e", "sourceField": '"text"'},
                ],
            ),
            [{"n": 1}],
            [{"n": 1, "a": {"b": 1}, "c": 1, "d": 5, "e": "text"}],
        ),
    ],
)
async def test_each_operation_gives_what_it_says(
    config: dict[str, Any], message: Any, output: Any
) -> None:
    sent = await run_actor("tpl_data_operations", config, {"data": [message]})

    assert sent == {"output": [output]}


async def test_steps_follow_each_other_and_only_the_last_set_counts() -> None:
    config = {
        "dataOperations": [
            {"operations": [{"type": "aggregate"}]},
            {
                "operations": [
                    {"type": "filter", "filterExpression": "item.k == 'a'"},
                    {"type": "sort", "sortField": "n"},
                    {"type": "map", "mapping": [{"targetField": "seen", "sourceField": "true"}]},
                ]
            },
        ]
    }

    sent = await run_actor("tpl_data_operations", config, {"data": [ROWS]})

    assert sent == {
        "output": [[{"n": 2, "k": "a", "seen": True}, {"n": 3, "k": "a", "seen": True}]]
    }


@pytest.mark.parametrize(
    ("config", "message", "error"),
    [
        (
            one(type="map", mapping=[{"targetField": "n.m", "sourceField": "n"}]),
            [{"n": 1}],
            "cannot set 'n.m': 'm' is not in Integer",
        ),
        (
            one(type="aggregate", aggregateField="data"),
            [1e308, 1e308],
            "the sum is too large for a number",
        ),
    ],
)
async def test_a_value_that_a_step_cannot_work_on_leaves_on_the_error_port(
    config: dict[str, Any], message: Any, error: str
) -> None:
    sent = await run_actor("tpl_data_operations", config, {"data": [message]})

    assert sent == {"error": [ErrorValue(error)]}


NEEDS_RUNTIME = (
    "JavaScript expressions need the script runtime, which is not available yet; "
    "use a field name or path"
)


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (one(transformExpression="data.n + 1"), f"'data.n + 1': {NEEDS_RUNTIME}"),
        (one(transformExpression="foo("), f"'foo(': {NEEDS_RUNTIME}"),
        (one(transformExpression="null"), f"'null': {NEEDS_RUNTIME}"),
        (one(transformExpression="${input.get('data').data.a} + 1"), NEEDS_RUNTIME),
        (one(transformExpression=5), "transformExpression must be a text, not 5"),
        (one(type="filter", filterExpression="item.n > 1 && item.m"), NEEDS_RUNTIME),
        (one(type="filter", filterExpression="item.n > other"), NEEDS_RUNTIME),
        (one(type="filter", filterExpression="item.n % 2 == 0"), NEEDS_RUNTIME),
        (one(type="filter", filterExpression="x => x.n"), NEEDS_RUNTIME),
        (one(type="sort", sortField="-data.n"), NEEDS_RUNTIME),
        (one(type="sort", sortDirection="up"), "sortDirection 'up' is unknown: one of: asc, desc"),
        (one(type="group", groupByField="data.k.toUpperCase()"), NEEDS_RUNTIME),
        (one(type="aggregate", aggregateFunction="sums"), "did you mean 'sum'?"),
        (one(type="aggregate", aggregateField="data.n*2"), NEEDS_RUNTIME),
        (one(type="map", mapping=5), "mapping must be a list of objects, not 5"),
        (one(type="map", mapping=[{"targetField": 5, "sourceField": "n"}]), "not 5"),
        (one(type="group", groupByField=5), "groupByField must be a text, not 5"),
        (
            one(type="map", mapping=[{"targetField": "m", "transform": "data.n+1"}]),
            f"transform 'data.n+1': {NEEDS_RUNTIME}",
        ),
        (one(type="reduce"), "operation 1: type 'reduce' is unknown"),
        ({"dataOperations": {}}, "must be a list of sets of operations, not {}"),
        ({"dataOperations": [5]}, "set 1 must be an object with a list of operations"),
        ({"dataOperations": [{"operations": [5]}]}, "operation 1: must be an object, not 5"),
    ],
)
async def test_an_operation_that_cannot_run_is_refused_at_load(
    config: dict[str, Any], error: str
) -> None:
    with pytest.raises(GraphError) as caught:
        await run_result("tpl_data_operations", config)

    assert error in str(caught.value)


async def test_every_wrong_operation_is_named_at_once() -> None:
    config = {
        "dataOperations": [
            {"operations": [{"type": "sorted"}, {"type": "aggregate"}]},
            {"operations": [{"type": "group", "groupByField": 5}]},
        ]
    }

    with pytest.raises(GraphError) as caught:
        await run_result("tpl_data_operations", config)

    assert "set 1, operation 1: type 'sorted'" in str(caught.value)
    assert "set 2, operation 1: groupByField must be a text" in str(caught.value)


@pytest.mark.parametrize(
    ("component", "config", "error"),
    [
        ("tpl_map", {"operation": "to_numbers"}, "did you mean 'to_number'?"),
        ("tpl_map", {"template": "${a..b}"}, "is not a path"),
        ("tpl_filter", {"condition": "truth"}, "did you mean 'truthy'?"),
        ("tpl_reduce", {"operation": "total"}, "'total' is unknown: "),
        ("tpl_data_transformer", {"operation": "uppercase"}, "did you mean 'to_uppercase'?"),
        ("tpl_data_transformer", {"field": 5}, "must be a field or path, not 5"),
        ("tpl_data_transformer", {"template": 5}, "must be a text, not 5"),
        ("tpl_json_parser", {"path": "a["}, "is not a path"),
        ("tpl_json_parser", {"path": 5}, "must be a field or path, not 5"),
    ],
)
async def test_a_wrong_setting_is_refused_before_anything_runs(
    component: str, config: dict[str, Any], error: str
) -> None:
    with pytest.raises(GraphError) as caught:
        await run_result(component, config)

    assert error in str(caught.value)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3) | st.floats(-3, 3), st.integers(0, 99))),
    st.sampled_from(["asc", "desc"]),
)
async def test_sorting_keeps_every_element_and_the_order_of_equals(
    pairs: list[tuple[float, int]], direction: str
) -> None:
    rows = [{"n": key, "id": number} for key, number in pairs]
    config = one(type="sort", sortField="n", sortDirection=direction)

    sent = await run_actor("tpl_data_operations", config, {"data": [rows]})

    falling = direction == "desc"
    assert sent == {"output": [sorted(rows, key=lambda row: row["n"], reverse=falling)]}


# The palette.

MINE = (
    "tpl_collect",
    "tpl_data_emit",
    "tpl_data_operations",
    "tpl_data_transformer",
    "tpl_delay",
    "tpl_filter",
    "tpl_gate",
    "tpl_if_branch",
    "tpl_json_parser",
    "tpl_loop",
    "tpl_map",
    "tpl_merge",
    "tpl_passthrough",
    "tpl_reduce",
    "tpl_split",
    "tpl_switch",
)


@pytest.mark.parametrize("component", MINE)
def test_every_component_explains_itself_to_the_palette(component: str) -> None:
    actor = builtin().get(component)

    assert actor is not None
    assert all((actor.title, actor.category, actor.icon, actor.__doc__, actor.effect == "none"))
    assert all(port.help for port in (*actor.inports, *actor.outports))
