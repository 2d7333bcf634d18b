"""From a Zeal workflow to a graph: what becomes of nodes, widgets, sub-graphs and settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine import Graph, Network
from tests.workflows.zeal.documents import (
    TARGET,
    canvas,
    chain,
    connection,
    node,
    sample,
    workflow,
)
from workflows.zeal.converting import Converted, convert
from workflows.zeal.reading import read_workflow
from workflows.zeal.trigger import NamedEvent, Schedule, WebCall

if TYPE_CHECKING:
    from engine.network.result import Result


async def run(graph: Graph) -> Result:
    return await Network.from_graph(graph, registry=TARGET.registry).run()


def ends(converted: Converted) -> list[str]:
    return [item.ends for item in converted.graph.connections]


def packets(converted: Converted) -> list[tuple[str, str, Any]]:
    return [(item.node, item.port, item.message()) for item in converted.graph.initials]


def widget(template: str, values: dict[str, Any], **metadata: Any) -> list[Any]:
    """What a widget with these values sends."""
    document = workflow(
        canvas(
            [
                node("w", template, propertyValues=values, **metadata),
                node("p", "tpl_passthrough"),
            ],
            [connection("c", "w.output", "p.input")],
        )
    )
    return [message for _, _, message in packets(convert(document, TARGET))]


async def test_a_workflow_runs_as_the_graph_written_by_hand() -> None:
    byhand = Graph("by hand", case_sensitive=True)
    byhand.add_node("add", "tpl_math_add", {"precision": 0})
    byhand.add_node("show", "tpl_passthrough")
    byhand.add_initial("add", "a", 19)
    byhand.add_initial("add", "b", 23)
    byhand.add_connection("add", "result", "show", "input")
    byhand.add_outport("sum", "show", "output")

    converted = await run(convert(sample("sum"), TARGET).graph)

    assert list(converted.outputs.values()) == list((await run(byhand)).outputs.values()) == [[42]]


async def test_a_workflow_in_the_shape_of_the_original_runs_too() -> None:
    converted = convert(sample("snake_case"), TARGET)

    result = await run(converted.graph)

    assert result.outputs == {"add-1.result": [3.0]}
    assert converted.environment == ("SUM_KEY",)
    assert [(group.id, group.nodes) for group in converted.graph.groups] == [("g1", ["add-1"])]


async def test_sub_graphs_are_put_in_their_places_and_proxies_reach_into_them() -> None:
    converted = convert(sample("subgraph"), TARGET)

    result = await run(converted.graph)

    assert result.outputs == {"words": ["ab", "ab"]}
    assert sorted(converted.graph.nodes) == [
        *("end", "proxy-1", "proxy-2"),
        *("sub-1/in", "sub-1/out", "sub-1/pass"),
        *("sub-2/in", "sub-2/out", "sub-2/pass"),
    ]


def test_a_node_keeps_its_settings_at_the_top_and_its_looks_under_a_mark() -> None:
    converted = convert(sample("sum"), TARGET)

    metadata = converted.graph.nodes["tpl_math_add-2-c"].metadata

    assert metadata is not None
    assert {key: value for key, value in metadata.items() if key != "zeal"} == {
        "label": "Add",
        "position": {"x": 400, "y": 220},
        "precision": "0",
    }
    assert metadata["zeal"]["icon"] == "plus"


def test_ports_keep_the_spelling_of_the_editor() -> None:
    converted = convert(sample("sum"), TARGET)

    assert ends(converted) == ["tpl_math_add-2-c.result-out -> tpl_passthrough-3-d.input"]
    assert converted.graph.connections[0].id == "conn-3"


def test_what_is_known_of_the_workflow_comes_with_the_graph() -> None:
    converted = convert(sample("sum"), TARGET)

    assert converted.workflow.id == "wf_mwqx01"
    assert converted.graph.name == "Sample sum"
    assert converted.components == ("tpl_math_add", "tpl_passthrough")
    assert converted.environment == ("SHOW_KEY",)


@pytest.mark.parametrize(
    ("template", "values", "sent"),
    [
        ("tpl_text_input", {"defaultValue": "a"}, ["a"]),
        ("tpl_text_input", {}, [""]),
        ("tpl_number_input", {"defaultValue": 3}, [3]),
        ("tpl_number_input", {"defaultValue": "2.5"}, [2.5]),
        ("tpl_number_input", {"defaultValue": ""}, [0]),
        ("tpl_number_input", {}, [0]),
        ("tpl_range_input", {"value": 7}, [1]),
        ("tpl_range_input", {"defaultValue": -7}, [0]),
        ("tpl_range_input", {"value": 7, "defaultValue": 1, "max": 9}, [7]),
        ("tpl_range_input", {"value": 1, "min": "2", "max": 9}, [2]),
    ],
)
def test_a_widget_sends_its_value(template: str, values: dict[str, Any], sent: list[Any]) -> None:
    found = widget(template, values)

    assert (found, [type(value) for value in found]) == (sent, [type(value) for value in sent])


def test_the_bounds_of_a_range_may_stand_beside_its_value() -> None:
    properties = {"value": {"type": "number", "defaultValue": 50, "min": 10, "max": 20}}

    assert widget("tpl_range_input", {}, properties=properties) == [20]


def test_properties_may_be_a_list_and_values_go_over_their_defaults() -> None:
    listed = [{"id": "precision", "defaultValue": 3}, {"name": "other", "defaultValue": None}, {}]
    document = chain()
    document["graphs"][0]["nodes"][1] |= {"propertyValues": {"precision": 5}}
    document["graphs"][0]["nodes"][1]["metadata"]["properties"] = listed

    read = read_workflow(document).main.nodes[1]

    assert (read.defaults, read.settings) == ({"precision": 3}, {"precision": 5})


def test_inputs_and_outputs_of_the_main_graph_are_those_of_the_run() -> None:
    document = workflow(
        canvas(
            [
                node("i", "graph_input", propertyValues={"inputName": "word"}),
                node("o", "graph_output"),
            ],
            [connection("c", "i.data", "o.data")],
        )
    )

    graph = convert(document, TARGET).graph

    assert {name: (port.node, port.port) for name, port in graph.inports.items()} == {
        "word": ("i", "input")
    }
    assert list(graph.outports) == ["O"]
    assert [item.ends for item in graph.connections] == ["i.output -> o.input"]


def test_a_proxy_puts_a_sub_graph_in_its_place_that_no_node_stands_for() -> None:
    values = {"subgraphId": "inner", "targetNodeId": "p", "targetPortId": "input"}
    document = workflow(
        canvas([node("in", "proxy_input", propertyValues=values)], []),
        canvas([node("p", "tpl_passthrough")], [], "inner"),
    )

    assert ends(convert(document, TARGET)) == ["in.output -> inner/p.input"]


def test_a_sub_graph_may_come_from_another_workflow_that_is_here() -> None:
    inner = canvas([node("i", "graph_input"), node("o", "graph_output")], [])
    inner["connections"] = [connection("x", "i.data", "o.data")]
    other = read_workflow({**workflow(inner), "id": "wf_2"})
    document = workflow(
        canvas([node("s", "subgraph", graphId="main", workflowId="wf_2")], []),
    )

    converted = convert(document, replace(TARGET, workflows={"wf_2": other}))

    assert ends(converted) == ["s/i.output -> s/o.input"]


def test_a_node_with_values_and_nothing_incoming_gets_them_as_a_packet() -> None:
    document = chain()
    document["graphs"][0]["nodes"].append(node("c", "tpl_passthrough", propertyValues={"k": [1]}))

    assert packets(convert(document, TARGET))[-1] == ("c", "input", {"k": [1]})


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("tpl_data_emit", {"data": 1}),  # it starts by itself
        ("tpl_passthrough", {}),
    ],
)
def test_a_node_that_needs_no_start_gets_none(template: str, values: dict[str, Any]) -> None:
    document = workflow(canvas([node("n", template, propertyValues=values)], []))

    assert packets(convert(document, TARGET)) == []


def test_the_first_inport_is_that_of_the_editor() -> None:
    ports = [{"id": "output", "type": "output"}, {"id": "no-such", "type": "input"}]
    document = workflow(
        canvas([node("n", "tpl_passthrough", propertyValues={"a": 1}, ports=ports)], [])
    )

    assert packets(convert(document, TARGET)) == [("n", "input", {"a": 1})]


def test_policies_of_an_export_of_ours_come_back() -> None:
    kept = {"reflow": {"properties": {"onError": "ignore", "name": "no", "zeal": 1}}}

    graph = convert({**chain(), "metadata": kept}, TARGET).graph

    assert (graph.properties["onError"], graph.name) == ("ignore", "Small")
    assert graph.properties["zeal"]["id"] == "wf_1"


def test_rules_of_the_editor_reach_only_a_component_that_reads_them() -> None:
    rules = {"type": "IF", "groups": []}
    document = workflow(
        canvas(
            [
                node("r", "tpl_rules_engine", propertyRules=rules),
                node("p", "tpl_passthrough", propertyRules=rules),
            ],
            [connection("c", "r.output", "p.input")],
        )
    )

    nodes = convert(document, TARGET).graph.nodes

    assert "propertyRules" in (nodes["r"].metadata or {})
    assert "propertyRules" not in (nodes["p"].metadata or {})


@pytest.mark.parametrize(
    ("config", "starts_by"),
    [
        ({"method": "get", "path": "/a"}, WebCall("GET", "/a")),
        ({"path": "/a"}, WebCall("POST", "/a")),
        ({"event": "made", "namespace": "shop"}, NamedEvent("made", "shop")),
        ({"cronExpression": "* * * * *", "timezone": "UTC"}, Schedule("* * * * *", 0.0, "UTC")),
        (
            {"interval": {"value": 2, "unit": "hours"}, "isOneTime": True},
            Schedule("", 7200.0, "", True),
        ),
        ({"interval": {"value": True, "unit": "hours"}}, None),
        ({"interval": {"value": -1, "unit": "hours"}, "path": 7}, None),
        ("none", None),
    ],
)
def test_a_trigger_is_read(config: Any, starts_by: object) -> None:
    trigger = convert({**chain(), "triggerConfig": {"type": "t", "config": config}}, TARGET).trigger

    assert trigger is not None
    assert (trigger.type, trigger.starts_by) == ("t", starts_by)


def test_without_a_trigger_there_is_none() -> None:
    assert convert(sample("sum"), TARGET).trigger is None
