"""What is wrong with a Zeal workflow: all of it at once, with the node's id and title in Zeal."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.zeal.documents import TARGET, canvas, chain, connection, node, workflow
from workflows.zeal.converting import convert
from workflows.zeal.problems import ZealError, ZealProblem
from workflows.zeal.reading import is_zeal, read_workflow

if TYPE_CHECKING:
    from workflows.zeal.target import Target


def problems(document: Any, target: Target = TARGET) -> tuple[ZealProblem, ...]:
    with pytest.raises(ZealError) as caught:
        convert(document, target)
    return caught.value.problems  # type: ignore[return-value]  # all of them are Zeal's


def codes(document: Any, target: Target = TARGET) -> list[str]:
    return [problem.code for problem in problems(document, target) if problem.severity == "error"]


def warnings(document: Any, target: Target = TARGET) -> list[str]:
    return [problem.code for problem in convert(document, target).warnings]


def with_node(name: str, template: str, **metadata: Any) -> dict[str, Any]:
    document = chain()
    document["graphs"][0]["nodes"].append(node(name, template, **metadata))
    return document


def with_connection(start: str, end: str) -> dict[str, Any]:
    document = chain()
    document["graphs"][0]["connections"].append(connection("x", start, end))
    return document


def test_every_problem_is_told_at_once_with_its_node() -> None:
    document = with_node("c", "tpl_pasthrough")
    document["graphs"][0]["nodes"].append(node("d", "shop/tpl_pay"))
    document["graphs"][0]["connections"] += [
        connection("x", "b.outptu", "gone.input"),
        connection("y", "b.outptu", "a.input"),
    ]

    found = [item for item in problems(document) if item.severity == "error"]

    assert found == [
        ZealProblem(
            "node 'c' (C)",
            "the template 'tpl_pasthrough' is unknown here",
            "unknown_template",
            "c",
            hint="did you mean 'tpl_passthrough'?",
            title="C",
            graph="main",
        ),
        ZealProblem(
            "node 'd' (D)",
            "the template 'shop/tpl_pay' belongs to another runtime",
            "foreign_template",
            "d",
            hint="templates of this one begin with reflow/",
            title="D",
            graph="main",
        ),
        ZealProblem(
            "connection 'x'",
            "there is no node 'gone' in the graph 'main'",
            "unknown_node",
            "gone",
            "input",
            "one of: a, b, c, d, word",
            graph="main",
        ),
        ZealProblem(
            "connection b.outptu -> a.input",
            "node 'b' (tpl_passthrough) has no outport 'outptu'",
            "unknown_outport",
            "b",
            "outptu",
            "did you mean 'output'?",
            title="B",
            graph="main",
        ),
    ]


def test_a_configured_namespace_is_ours_too() -> None:
    document = with_node("c", "mine/tpl_passthrough")

    assert codes(document) == ["foreign_template"]
    assert warnings(document, replace(TARGET, namespaces=("reflow", "mine"))) == ["orphan_node"]


@pytest.mark.parametrize(
    ("template", "values", "code"),
    [
        ("tpl_number_input", {"defaultValue": "many"}, "config_invalid"),
        ("tpl_number_input", {"defaultValue": True}, "config_invalid"),
        ("tpl_text_input", {"defaultValue": 5}, "config_invalid"),
        ("tpl_range_input", {"min": 2, "max": 1}, "config_invalid"),
        ("tpl_math_round", {"precision": "two"}, "config_invalid"),
        ("", {}, "template_missing"),
        ("subgraph", {}, "unknown_graph"),
    ],
)
def test_a_node_that_cannot_be_is_named(template: str, values: Any, code: str) -> None:
    found = problems(with_node("c", template, propertyValues=values))

    assert (code, "c", "C") in [(item.code, item.node, item.title) for item in found]


def test_settings_are_named_by_the_title_of_their_node() -> None:
    document = with_node("c", "tpl_math_add", propertyValues={"precision": "many"})

    wheres = [item.where for item in problems(document) if item.code == "config_invalid"]

    assert wheres == ["node 'c' (C): config.precision"]


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("gone.output", "a.input", "unknown_node"),
        ("a.output", "word.input", "unknown_inport"),
        ("a.output", "b.input", "duplicate_connection"),
    ],
)
def test_a_connection_that_leads_nowhere_is_named(start: str, end: str, code: str) -> None:
    assert codes(with_connection(start, end)) == [code]


def test_a_node_twice_and_a_connection_id_twice() -> None:
    document = with_connection("b.output", "a.input")
    document["graphs"][0]["connections"][-1]["id"] = "c1"
    document["graphs"][0]["connections"].append(connection("c2", "b.output", "c.input"))
    document["graphs"][0]["nodes"] += [node("a", "tpl_passthrough"), node("c", "tpl_passthrough")]

    found = problems(document)

    assert [(item.code, item.node, item.severity) for item in found[:2]] == [
        ("duplicate_node", "a", "error"),
        ("duplicate_connection_id", "", "warning"),
    ]


def test_no_main_graph_or_several_are_said_and_one_runs() -> None:
    second = {**canvas([node("z", "tpl_passthrough")], [], "other"), "isMain": True}
    both = workflow(chain()["graphs"][0], second)
    none = workflow({**second, "isMain": False}, activeGraphId="other")

    assert warnings(both) == ["main_graph"]
    assert warnings(none) == ["main_graph"]
    assert list(convert(none, TARGET).graph.nodes) == ["z"]


def test_two_graphs_of_one_id_are_refused() -> None:
    assert codes(workflow(canvas([], []), canvas([], []))) == ["duplicate_graph"]


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"graphId": "innr"}, "unknown_graph"),
        ({"graphId": "main"}, "subgraph_cycle"),
        ({"graphId": "main", "workflowId": "wf_2", "workflowName": "Two"}, "unknown_workflow"),
    ],
)
def test_a_sub_graph_that_cannot_be_put_in_its_place(details: Any, code: str) -> None:
    document = with_node("s", "subgraph", **details)
    document["graphs"].append(canvas([], [], "inner"))

    found = [item for item in problems(document) if item.code == code]

    assert [(item.node, item.title, item.severity) for item in found] == [("s", "S", "error")]


def test_a_port_that_a_sub_graph_does_not_have_is_named() -> None:
    inner = canvas([node("i", "graph_input"), node("j", "graph_input")], [], "inner")
    document = with_connection("a.output", "s.input")
    document["graphs"][0]["nodes"].append(node("s", "subgraph", graphId="inner"))
    document["graphs"].append(inner)

    found = [item for item in problems(document) if item.severity == "error"]

    assert [(item.code, item.node, item.port, item.hint) for item in found] == [
        ("unknown_inport", "s", "input", "one of: I, J")
    ]


def test_a_proxy_whose_sub_graph_stands_twice_is_refused() -> None:
    values = {"subgraphId": "inner", "sourceNodeId": "p", "sourcePortId": "output"}
    document = with_node("s", "subgraph", graphId="inner")
    document["graphs"][0]["nodes"] += [
        node("t", "subgraph", graphId="inner"),
        node("o", "proxy_output", propertyValues=values),
        node("n", "proxy_output"),
    ]
    document["graphs"].append(canvas([node("p", "tpl_passthrough")], [], "inner"))

    assert codes(document) == ["ambiguous_subgraph", "unknown_graph"]


def test_two_inputs_of_one_name_are_refused() -> None:
    document = with_node("i", "graph_input", title="In")
    document["graphs"][0]["nodes"].append(node("j", "graph_input", title="In"))

    assert codes(document) == ["duplicate_inport"]


def test_sub_graphs_do_not_multiply_without_end() -> None:
    canvases = [canvas([], [])] + [canvas([], [], f"g{level}") for level in range(12)]
    for canvas_, inner in pairwise(canvases):
        canvas_["nodes"] = [
            node(f"{side}", "subgraph", graphId=inner["id"]) for side in "abcdefghij"
        ]

    assert codes(workflow(*canvases), replace(TARGET, max_nodes=50)) == ["graph_too_large"]


def test_sub_graphs_are_not_nested_without_end() -> None:
    canvases = [canvas([], [])] + [canvas([], [], f"g{level}") for level in range(40)]
    for canvas_, inner in pairwise(canvases):
        canvas_["nodes"] = [node("s", "subgraph", graphId=inner["id"])]

    assert codes(workflow(*canvases)) == ["subgraph_too_deep"]


def test_a_name_that_a_sub_graph_took_is_refused() -> None:
    document = workflow(
        canvas([node("s", "subgraph", graphId="inner"), node("s/p", "tpl_passthrough")], []),
        canvas([node("p", "tpl_passthrough")], [], "inner"),
    )

    assert codes(document) == ["name_clash"]


def test_variables_that_nodes_need_and_will_not_get_are_warned_of() -> None:
    document = with_node("c", "tpl_passthrough", requiredEnvVars=["A", "B", "C"])

    found = convert(document, replace(TARGET, allowed=frozenset("AB"), present=frozenset("AC")))

    assert [(w.code, w.hint) for w in found.warnings if w.code.startswith("environment")] == [
        ("environment_missing", "set B for the workers"),
        ("environment_denied", "add C to ACTOR_ENVIRONMENT"),
    ]


def test_a_setting_that_has_the_name_of_the_mark_is_warned_of() -> None:
    assert "unknown_setting" in warnings(
        with_node("c", "tpl_passthrough", propertyValues={"zeal": 1})
    )


@pytest.mark.parametrize(
    "document",
    [
        "[",
        "[]",
        '{"graphs": []}',
        {},
        {"graphs": {}},
        {"graphs": [1]},
        {"graphs": [{"nodes": {}}]},
        {"graphs": [{"nodes": [1, {}, {"id": 5}, {"id": ""}]}]},
        {"graphs": [{"nodes": [{"id": "a", "metadata": []}]}]},
        {"graphs": [{"nodes": [{"id": "a", "metadata": {"templateId": 1}}]}]},
        {"graphs": [{"nodes": [{"id": "a", "metadata": {"propertyValues": [1]}}]}]},
        {"graphs": [{"nodes": [{"id": "a", "metadata": {"properties": [1]}}]}]},
        {"graphs": [{"nodes": [{"id": "a", "metadata": {"requiredEnvVars": [1]}}]}]},
        {"graphs": [{"connections": [{"source": 1}]}]},
        {"graphs": [{"groups": [{"nodeIds": 1}]}]},
        {"graphs": [{}], "triggerConfig": "daily"},
        {"graphs": [{}], "name": 5},
    ],
)
def test_what_is_no_workflow_is_refused(document: Any) -> None:
    assert set(codes(document)) <= {"malformed", "not_json"}


def test_a_malformed_part_of_a_node_is_told_with_its_title() -> None:
    found = problems(with_node("c", "tpl_passthrough", propertyValues=[1]))

    assert [(item.where, item.node, item.title, item.graph) for item in found] == [
        ("node 'c' (C).propertyValues", "c", "C", "main")
    ]


def test_a_document_says_which_kind_it_is() -> None:
    assert is_zeal(chain())
    assert not is_zeal({"processes": {}, "graphs": []})
    assert not is_zeal([])


def test_a_null_counts_as_not_there() -> None:
    nothing: dict[str, Any] = {"nodes": None, "connections": None, "groups": None, "id": None}

    assert read_workflow({"graphs": [nothing], "name": None}).main.nodes == ()
