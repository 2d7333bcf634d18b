"""From a graph back to Zeal: what was imported comes back, with what was changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine import Graph, Network
from engine.messages import freeze
from tests.workflows.zeal.documents import (
    SAMPLES,
    TARGET,
    canvas,
    chain,
    connection,
    node,
    sample,
    workflow,
)
from workflows.zeal.converting import convert
from workflows.zeal.exporting import from_graph
from workflows.zeal.facts import same
from workflows.zeal.reading import read_workflow

if TYPE_CHECKING:
    from workflows.zeal.target import Target


def imported(document: dict[str, Any], target: Target = TARGET) -> Graph:
    """Converted, stored and read again."""
    return Graph.from_json(convert(document, target).graph.to_json())


def back(graph: Graph) -> dict[str, Any]:
    """The export of a graph that has a place for everything."""
    exported = from_graph(graph, TARGET)
    assert exported.warnings == ()
    return exported.document


def lost(graph: Graph) -> list[str]:
    return [f"{item.where}: {item.message}" for item in from_graph(graph, TARGET).warnings]


def main_of(document: dict[str, Any]) -> dict[str, Any]:
    main: dict[str, Any] = document["graphs"][0]
    return main


def set_metadata(graph: Graph, name: str, **changes: Any) -> None:
    old = graph.nodes[name]
    graph.nodes[name] = replace(old, metadata=freeze({**(old.metadata or {}), **changes}))


async def outputs(graph: Graph) -> list[Any]:
    result = await Network.from_graph(graph, registry=TARGET.registry).run()
    return list(result.outputs.values())


@pytest.mark.parametrize("name", SAMPLES)
def test_what_was_not_changed_comes_back_as_it_was(name: str) -> None:
    assert same(back(imported(sample(name))), sample(name))


def test_a_changed_setting_goes_to_the_values_and_nothing_else_moves() -> None:
    graph = imported(sample("sum"))
    set_metadata(graph, "tpl_math_add-2-c", precision=3, policy={"retry": {}})

    expected = sample("sum")
    values = main_of(expected)["nodes"][2]["metadata"]["propertyValues"]
    values |= {"precision": 3, "policy": {"retry": {}}}
    assert same(back(graph), expected)


def test_a_setting_that_was_taken_away_leaves_the_values() -> None:
    graph = imported(sample("sum"))
    old = graph.nodes["tpl_math_add-2-c"]
    kept = {key: value for key, value in (old.metadata or {}).items() if key != "precision"}
    graph.nodes[old.id] = replace(old, metadata=freeze(kept))

    assert main_of(back(graph))["nodes"][2]["metadata"]["propertyValues"] == {}


def test_a_node_that_was_moved_and_renamed() -> None:
    graph = imported(sample("snake_case"))
    set_metadata(graph, "add-1", x=5, y=6.5, label="Sum")

    expected = sample("snake_case")
    main_of(expected)["nodes"][1] |= {"position": {"x": 5, "y": 6.5}, "title": "Sum"}
    assert same(back(graph), expected)


def test_a_setting_in_the_shape_of_the_original_keeps_that_shape() -> None:
    graph = imported(sample("snake_case"))
    set_metadata(graph, "add-1", precision=4)

    assert main_of(back(graph))["nodes"][1]["property_values"] == {"precision": 4}


def test_a_node_of_another_component() -> None:
    graph = imported(sample("sum"))
    for name, component in (
        ("tpl_math_add-2-c", "tpl_math_subtract"),
        ("tpl_passthrough-3-d", "tpl_gate"),
    ):
        graph.nodes[name] = replace(graph.nodes[name], component=component)

    nodes = main_of(back(graph))["nodes"]

    assert [raw["metadata"]["templateId"] for raw in nodes[2:]] == [
        "tpl_math_subtract",
        "reflow/tpl_gate",
    ]


def test_a_removed_node_goes_with_its_connections_and_leaves_its_group() -> None:
    graph = imported(sample("sum"))
    graph.remove_node("tpl_math_add-2-c")

    main = main_of(back(graph))

    assert [raw["id"][:9] for raw in main["nodes"]] == ["tpl_numbe", "tpl_range", "tpl_passt"]
    assert main["connections"] == []
    assert main["groups"][0]["nodeIds"] == ["tpl_number_input-1-a"]


def test_a_removed_connection_goes_and_the_nodes_stay() -> None:
    graph = imported(sample("sum"))
    graph.connections = []
    graph.initials = graph.initials[1:]

    expected = sample("sum")
    main_of(expected)["connections"] = main_of(expected)["connections"][1:2]
    assert same(back(graph), expected)


async def test_what_was_added_is_a_node_of_zeal_and_runs_when_it_comes_back() -> None:
    graph = imported(chain())
    graph.add_node("sum", "tpl_math_add", {"precision": 1, "x": 9, "y": 8, "label": "Sum"})
    graph.add_node("twin", "tpl_passthrough")
    graph.add_connection("sum", "result", "twin", "input", {"id": "mine"})
    graph.add_initial("sum", "a", 1)
    graph.add_initial("sum", "b", 2.5)
    graph.add_initial("twin", "input", "text")
    graph.add_initial("twin", "input", {"deep": [True]})

    document = back(graph)

    made = {raw["id"]: raw for raw in main_of(document)["nodes"]}
    assert made["sum"]["position"] == {"x": 9, "y": 8}
    assert made["sum"]["metadata"]["propertyValues"] == {"precision": 1}
    assert made["sum"]["metadata"]["title"] == "Sum"
    assert [port["id"] for port in made["sum"]["metadata"]["ports"]] == [
        "a",
        "b",
        "result",
        "error",
    ]
    assert [item["id"] for item in main_of(document)["connections"][:3]] == ["c1", "c2", "mine"]
    again = await outputs(convert(document, TARGET).graph)
    assert alike(again) == alike(await outputs(graph))


def test_an_export_is_the_same_each_time_and_the_next_changes_nothing() -> None:
    graph = imported(chain())
    graph.add_node("c", "tpl_passthrough")
    graph.add_connection("b", "output", "c", "input")
    graph.add_outport("end", "c", "output")
    document = back(graph)

    assert same(back(graph), document)
    assert same(back(imported(document)), document)


def test_the_value_of_a_packet_is_that_of_its_input() -> None:
    graph = imported(sample("sum"))
    graph.initials[0] = replace(graph.initials[0], data=7)
    graph.initials[1] = replace(graph.initials[1], data=freeze({"type": "Float", "data": 0.5}))

    nodes = main_of(back(graph))["nodes"]

    assert nodes[0]["metadata"]["propertyValues"]["defaultValue"] == 7
    assert nodes[1]["metadata"]["propertyValues"]["value"] == 0.5


def test_a_packet_of_another_kind_than_its_input_sends_is_said() -> None:
    graph = imported(sample("sum"))
    graph.initials[0] = replace(graph.initials[0], data="seven")

    assert lost(graph) == ["packet for tpl_math_add-2-c.a-in: the input sends another kind"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"type": "Flow"}, "is of a kind that no node of Zeal sends"),
        ({"type": "Integer", "data": "x"}, "cannot be a message"),
    ],
)
def test_a_packet_that_zeal_cannot_send_is_said(data: Any, said: str) -> None:
    graph = imported(chain())
    graph.add_initial("b", "input", 1)
    graph.initials[-1] = replace(graph.initials[-1], data=freeze(data))

    assert lost(graph) == [f"packet for b.input: {said}"]


async def test_a_graph_that_never_was_in_zeal_becomes_a_workflow_that_runs_the_same() -> None:
    graph = Graph("born here")
    graph.add_node("first", "tpl_math_add", {"propertyValues": {"precision": 1}})
    graph.add_node("last", "tpl_passthrough", {"properties": {"k": {"defaultValue": 1}, "l": {}}})
    graph.add_connection("first", "RESULT", "last", "Input")
    graph.add_initial("first", "a", 20)
    graph.add_initial("first", "b", 22)
    graph.add_inport("more", "last", "input")
    graph.add_outport("sum", "last", "output")
    graph.add_group("g", ["first", "last"], {"title": "Both"})
    graph.properties["onError"] = "ignore"

    exported = from_graph(graph, TARGET, zeal_id="wf_9")

    document = exported.document
    assert (document["id"], document["name"], exported.warnings) == ("wf_9", "born here", ())
    assert read_workflow(document).main.groups[0].nodes == ("first", "last")
    positions = [(raw["position"]["x"], raw["position"]["y"]) for raw in main_of(document)["nodes"]]
    assert len(set(positions)) > 3
    again = convert(document, TARGET).graph
    assert again.properties["onError"] == "ignore"
    assert list(again.inports) == ["more"]
    assert await outputs(again) == await outputs(graph) == [[42.0]]


def test_a_public_port_that_was_renamed_and_one_that_was_added() -> None:
    graph = imported(sample("subgraph"))
    graph.outports["texts"] = replace(graph.outports.pop("words"), name="texts")
    graph.add_inport("more", "end", "input")

    nodes = main_of(back(graph))["nodes"]

    assert nodes[5]["metadata"]["propertyValues"] == {"outputName": "texts"}
    assert nodes[6]["metadata"]["propertyValues"] == {"inputName": "more"}


def test_a_public_port_that_was_taken_away_is_said() -> None:
    graph = imported(sample("subgraph"))
    graph.remove_outport("words")

    assert lost(graph) == ["outport 'words': its node still makes it"]


def alike(outputs: list[Any]) -> list[list[str]]:
    """Where packets meet at one port, their order is not part of a workflow."""
    return sorted(sorted(map(repr, messages)) for messages in outputs)


def nested() -> dict[str, Any]:
    """A sub-graph that is used once."""
    return workflow(
        canvas([node("a", "tpl_passthrough"), node("s", "subgraph", graphId="inner")], []),
        canvas(
            [node("i", "graph_input"), node("p", "tpl_passthrough"), node("o", "graph_output")],
            [connection("x", "i.data", "p.input"), connection("y", "p.output", "o.data")],
            "inner",
        ),
    )


def test_a_sub_graph_is_changed_where_it_stands() -> None:
    graph = imported(nested())
    graph.add_node("s/q", "tpl_passthrough")
    graph.add_connection("s/p", "output", "s/q", "input")
    graph.remove_connection("s/p", "output", "s/o", "input")
    set_metadata(graph, "s/p", label="Changed")

    inner = back(graph)["graphs"][1]

    assert [raw["id"] for raw in inner["nodes"]] == ["i", "p", "o", "q"]
    assert inner["nodes"][1]["metadata"]["title"] == "Changed"
    assert [item["target"]["nodeId"] for item in inner["connections"]] == ["p", "q"]


async def test_a_connection_into_a_sub_graph_goes_through_its_port_or_a_new_proxy() -> None:
    graph = imported(nested())
    graph.add_initial("a", "input", "x")
    graph.add_node("b", "tpl_passthrough")
    graph.add_node("c", "tpl_passthrough")
    graph.add_connection("a", "output", "s/i", "input")
    graph.add_connection("a", "output", "s/p", "input")
    graph.add_connection("s/o", "output", "b", "input")
    graph.add_connection("s/p", "output", "c", "input")

    document = back(graph)

    templates = [raw["metadata"]["templateId"] for raw in main_of(document)["nodes"]]
    assert templates.count("proxy_input") == templates.count("proxy_output") == 1
    assert main_of(document)["connections"][0]["target"] == {"nodeId": "s", "portId": "I"}
    assert await outputs(convert(document, TARGET).graph) == await outputs(graph)


def test_a_sub_graph_whose_nodes_all_went_goes_itself() -> None:
    graph = imported(nested())
    for name in ("s/i", "s/p", "s/o"):
        graph.remove_node(name)

    document = back(graph)

    assert [raw["id"] for raw in main_of(document)["nodes"]] == ["a"]
    assert same(document["graphs"][1], nested()["graphs"][1])


def test_a_change_in_one_of_several_places_of_a_sub_graph_is_said() -> None:
    graph = imported(sample("subgraph"))
    set_metadata(graph, "sub-1/pass", label="Only here")
    graph.remove_connection("sub-1/pass", "output", "sub-1/out", "input")
    graph.add_node("sub-2/new", "tpl_passthrough")
    graph.add_initial("sub-2/pass", "input", 1)
    graph.add_connection("sub-1/pass", "output", "sub-2/out", "input")
    graph.remove_node("sub-1/in")

    document = from_graph(graph, TARGET).document

    assert same(document["graphs"][1], sample("subgraph")["graphs"][1])
    assert len(lost(graph)) == 7
    assert "node 'sub-1/pass': was changed in one of 2 places of the graph 'inner'" in lost(graph)


def test_what_a_proxy_makes_cannot_be_taken_away_alone() -> None:
    graph = imported(sample("subgraph"))
    graph.remove_connection("proxy-1", "output", "sub-2/pass", "input")

    assert lost(graph) == [
        "connection proxy-1.output -> sub-2/pass.input: the proxy still makes it"
    ]


def test_a_graph_of_another_workflow_is_left_alone() -> None:
    other = read_workflow({**nested(), "id": "wf_2"})
    target = replace(TARGET, workflows={"wf_2": other})
    document = workflow(canvas([node("s", "subgraph", graphId="inner", workflowId="wf_2")], []))
    graph = imported(document, target)
    graph.add_node("a", "tpl_passthrough")
    graph.add_node("s/new", "tpl_passthrough")
    graph.add_initial("s/new", "input", 1)
    graph.add_inport("in", "s/new", "input")
    graph.add_connection("a", "output", "s/new", "input")
    graph.add_connection("s/p", "output", "s/new", "input")
    set_metadata(graph, "s/p", label="Changed")

    exported = from_graph(graph, target)

    assert [raw["id"] for raw in main_of(exported.document)["nodes"]] == ["s", "a"]
    assert [item.where for item in exported.warnings] == ["connection a -> s/new"]


def test_groups_that_were_changed_added_and_removed() -> None:
    graph = imported(sample("sum"))
    graph.groups[0] = replace(graph.groups[0], nodes=freeze(["tpl_passthrough-3-d"]))
    graph.add_group("new", ["tpl_math_add-2-c"])

    groups = main_of(back(graph))["groups"]

    assert groups[0]["nodeIds"] == ["tpl_number_input-1-a", "tpl_passthrough-3-d"]
    assert (groups[1]["id"], groups[1]["nodeIds"]) == ("new", ["tpl_math_add-2-c"])
    graph.groups = []
    assert main_of(back(graph))["groups"] == []


def test_a_group_in_the_shape_of_the_original() -> None:
    graph = imported(sample("snake_case"))
    graph.remove_node("add-1")

    assert main_of(back(graph))["groups"][0]["nodes"] == ["number-1"]


def test_name_and_policies() -> None:
    graph = imported(sample("sum"))
    graph.properties |= {"name": "Renamed", "onError": "ignore"}

    expected = sample("sum")
    expected["name"] = "Renamed"
    expected["metadata"]["reflow"] = {"properties": {"onError": "ignore"}}
    assert same(back(graph), expected)


def test_lists_that_the_document_does_not_have_are_made() -> None:
    graph = imported({"name": "bare", "graphs": [{"id": "g", "groups": None}]})
    graph.add_node("a", "tpl_passthrough")
    graph.add_node("b", "tpl_passthrough")
    graph.add_connection("a", "output", "b", "input")
    graph.add_group("all", ["a", "b"])

    main = main_of(back(graph))

    assert [len(main[key]) for key in ("nodes", "connections", "groups")] == [2, 1, 1]


def test_a_node_whose_id_is_taken_by_an_input_gets_another() -> None:
    graph = imported(chain())
    graph.add_node("word", "tpl_passthrough")
    graph.add_connection("b", "output", "word", "input")

    main = main_of(back(graph))

    assert main["nodes"][-1]["id"] == "word-2"
    assert main["connections"][-1]["target"]["nodeId"] == "word-2"


@pytest.mark.parametrize("kept", ["no object", {"graphs": []}, {"graphs": [{"nodes": 1}]}])
def test_a_document_that_somebody_broke_is_not_used(kept: Any) -> None:
    graph = imported(chain())
    graph.properties["zeal"] = freeze(kept)

    assert [raw["id"] for raw in main_of(back(graph))["nodes"]][:2] == ["a", "b"]


def test_a_component_that_is_gone_is_exported_nevertheless() -> None:
    graph = imported(chain())
    graph.nodes["a"] = replace(graph.nodes["a"], component="gone")
    graph.add_node("c", "gone_too")

    nodes = main_of(back(graph))["nodes"]

    assert [raw["metadata"]["templateId"] for raw in nodes[1:]] == [
        "reflow/gone",
        "tpl_passthrough",
        "reflow/gone_too",
    ]
