"""For any Zeal workflow: it comes back as it was, and runs as the graph written by hand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Graph, Network
from tests.workflows.zeal.documents import TARGET, canvas, connection, node, workflow
from tests.workflows.zeal.strategies import BROKEN, NEARLY, NUMBERS, workflows
from workflows.zeal.connections import ZealConnections
from workflows.zeal.converting import convert
from workflows.zeal.exporting import from_graph
from workflows.zeal.facts import same
from workflows.zeal.problems import ZealError

often = settings(max_examples=40, deadline=None)


@often
@given(workflows())
def test_a_workflow_comes_back_as_it_was(document: dict[str, Any]) -> None:
    graph = Graph.from_json(convert(document, TARGET).graph.to_json())

    exported = from_graph(graph, TARGET)

    assert same(exported.document, document)
    assert exported.warnings == ()


@often
@given(workflows())
def test_a_workflow_made_anew_from_its_graph_has_the_same_graph(document: dict[str, Any]) -> None:
    graph = convert(document, TARGET).graph
    del graph.properties["zeal"]

    again = convert(from_graph(graph, TARGET).document, TARGET).graph

    assert again.nodes.keys() >= graph.nodes.keys()
    assert {item.ends for item in again.connections} >= {item.ends for item in graph.connections}


@often
@given(workflows())
def test_each_connection_is_found_at_the_end_where_messages_arrive(
    document: dict[str, Any],
) -> None:
    graph = convert(document, TARGET).graph
    found = ZealConnections(graph, TARGET.registry)

    into = {name for node in graph.nodes for name in found.into(node)}

    names = [item["id"] for item in document["graphs"][0]["connections"]]
    assert set(names) <= into


@often
@given(NEARLY | BROKEN)
def test_anything_else_is_the_documented_error(document: Any) -> None:
    with suppress(ZealError):
        graph = convert(document, TARGET).graph
        assert same(from_graph(graph, TARGET).document, document)


STEPS = st.sampled_from(["tpl_math_add", "tpl_math_subtract", "tpl_math_multiply"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(STEPS, NUMBERS), min_size=1, max_size=5), NUMBERS)
def test_a_workflow_runs_as_the_graph_written_by_hand(
    steps: list[tuple[str, float]], first: float
) -> None:
    byhand = Graph("by hand", case_sensitive=True)
    nodes = [node("start", "tpl_number_input", propertyValues={"defaultValue": first})]
    connections = []
    before = "start.output"
    for number, (component, value) in enumerate(steps):
        name = f"n{number}"
        byhand.add_node(name, component, {"precision": 4})
        byhand.add_initial(name, "b", value)
        if number:
            byhand.add_connection(f"n{number - 1}", "result", name, "a")
        else:
            byhand.add_initial(name, "a", first)
        values = {"defaultValue": value}
        nodes.append(node(f"v{number}", "tpl_number_input", propertyValues=values))
        described = {"precision": {"type": "number", "defaultValue": "4"}}
        nodes.append(node(name, f"reflow/{component}", properties=described))
        connections.append(connection(f"a{number}", before, f"{name}.a-in"))
        connections.append(connection(f"b{number}", f"v{number}.output", f"{name}.b-in"))
        before = f"{name}.result-out"

    converted = convert(workflow(canvas(nodes, connections)), TARGET).graph

    assert outputs(converted) == outputs(byhand)


def outputs(graph: Graph) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        result = await Network.from_graph(graph, registry=TARGET.registry).run()
        assert result.status == "completed"
        return dict(result.outputs)

    return asyncio.run(run())
