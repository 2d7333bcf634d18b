from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Graph, Network, builtin
from engine.errors import GraphError
from engine.graph import Link, compose, embed, part_of, validate
from tests.engine.graph.samples import GRAPHS, doubles, sample

if TYPE_CHECKING:
    from collections.abc import Mapping


def single(node: str) -> Graph:
    graph = Graph(node)
    graph.add_node(node, "tpl_passthrough", {})
    return graph


def public(node: str) -> Graph:
    """One node whose ports are public, with one of everything."""
    graph = single(node)
    graph.add_inport("in", node, "input")
    graph.add_outport("out", node, "output")
    graph.add_group("all", [node])
    return graph


def test_a_composition_is_as_the_original_writes_it() -> None:
    links = [Link("left/a", "output", "right/b", "input")]

    both = compose({"left": single("a"), "right": single("b")}, links, name="both")

    assert both.to_dict() == sample("graph_composed")


def test_public_ports_are_linked_and_the_others_stay_public() -> None:
    both = compose(
        {"left": public("a"), "right": public("b")}, [Link("left", "out", "right", "in")]
    )

    assert [item.ends for item in both.connections] == ["left/a.output -> right/b.input"]
    assert {name: (p.node, p.port) for name, p in both.inports.items()} == {
        "left/in": ("left/a", "input")
    }
    assert list(both.outports) == ["right/out"]
    assert [(group.id, group.nodes) for group in both.groups] == [
        ("left/all", ["left/a"]),
        ("right/all", ["right/b"]),
    ]
    assert [p for p in validate(both, builtin()) if p.severity == "error"] == []


async def test_a_composition_runs() -> None:
    both = compose(
        {"left": public("a"), "right": public("b")}, [Link("left", "out", "right", "in")]
    )

    result = await Network.from_graph(both).run({"left/in": 7})

    assert result.outputs == {"right/out": [7]}


def test_declared_interfaces_are_linked_by_their_names() -> None:
    left, right = single("a"), single("b")
    left.extra["providedInterfaces"] = {"clean": {"processName": "a", "portName": "output"}}
    right.extra["requiredInterfaces"] = {"raw": {"processName": "b", "portName": "input"}}

    both = compose({"left": left, "right": right}, [Link("left", "clean", "right", "raw")])

    assert [item.ends for item in both.connections] == ["left/a.output -> right/b.input"]


def test_shared_nodes_keep_their_names() -> None:
    links = [Link("left", "out", "log", "input"), Link("right", "out", "log", "input")]

    both = compose({"left": public("a"), "right": public("b")}, links, shared=single("log"))

    assert list(both.nodes) == ["log", "left/a", "right/b"]
    assert [item.ends for item in both.connections] == [
        "left/a.output -> log.input",
        "right/b.output -> log.input",
    ]


def test_the_same_graph_twice_has_connection_ids_of_its_own() -> None:
    graph = doubles("a", "b")
    graph.add_connection("a", "out", "b", "in", {"id": "wire", "w": 1})

    twice = compose({"x": graph, "y": graph})

    assert [item.metadata for item in twice.connections] == [
        {"id": "x/wire", "w": 1},
        {"id": "y/wire", "w": 1},
    ]


@pytest.mark.parametrize(
    ("parts", "links", "message"),
    [
        (
            {"a": doubles("b/c"), "a/b": doubles("c")},
            [],
            "node 'a/b/c': another node has this name in the composition already (rename one)",
        ),
        (
            {"left": public("a")},
            [Link("left", "oot", "left", "in")],
            (
                "link left.oot -> left.in: the part 'left' has no public outport 'oot' "
                "(did you mean 'out'?)"
            ),
        ),
        (
            {"left": public("a")},
            [Link("left/b", "output", "left", "in")],
            (
                "link left/b.output -> left.in: there is no part or node 'left/b' "
                "(did you mean 'left/a'?)"
            ),
        ),
        (
            {"": public("a")},
            [],
            "part '': its namespace must be a text that is not empty, not ''",
        ),
        (
            {"log": public("a")},
            [],
            "node 'log': a part has this name in the composition already (rename one)",
        ),
    ],
)
def test_clashes_and_links_to_nowhere_are_refused(
    parts: Mapping[str, Graph], links: list[Link], message: str
) -> None:
    with pytest.raises(GraphError) as caught:
        compose(parts, links, shared=single("log"))

    assert str(caught.value) == message


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(GRAPHS), max_size=4))
def test_every_part_comes_out_of_a_composition_as_it_went_in(parts: dict[str, str]) -> None:
    graphs = {name: Graph.from_json(sample(given_)) for name, given_ in parts.items()}

    whole = Graph.from_json(compose(graphs).to_json())

    for name, graph in graphs.items():
        assert _comparable(part_of(whole, name)) == _comparable(graph)
    assert len(whole.nodes) == sum(len(graph.nodes) for graph in graphs.values())


def _comparable(graph: Graph) -> dict[str, Any]:
    """What a part keeps: all but its properties and its rule of spelling."""
    document = graph.to_dict()
    del document["properties"], document["caseSensitive"]
    return document


def outer() -> Graph:
    graph = Graph("outer")
    for name, component in (("first", "tpl_passthrough"), ("sub", "reflow/subgraph")):
        graph.add_node(name, component)
    graph.add_connection("first", "output", "sub", "in")
    graph.add_initial("sub", "in", 1)
    graph.add_inport("x", "first", "input")
    graph.add_outport("y", "sub", "out")
    graph.add_group("all", ["first", "sub"])
    return graph


async def test_a_graph_takes_the_place_of_a_node_and_runs() -> None:
    before = outer().to_json()

    whole = embed(outer(), "sub", public("a"))

    assert list(whole.nodes) == ["first", "sub/a"]
    assert [item.ends for item in whole.connections] == ["first.output -> sub/a.input"]
    assert [group.nodes for group in whole.groups] == [["first", "sub/a"], ["sub/a"]]
    result = await Network.from_graph(whole).run({"x": 2})
    assert result.outputs == {"y": [1, 2]}
    assert outer().to_json() == before


def test_connections_from_the_replaced_node_come_from_inside() -> None:
    graph = outer()
    graph.add_connection("sub", "out", "first", "input")

    whole = embed(graph, "sub", public("a"))

    assert [item.ends for item in whole.connections] == [
        "first.output -> sub/a.input",
        "sub/a.output -> first.input",
    ]


def test_a_node_may_be_replaced_only_by_a_graph_with_its_ports() -> None:
    with pytest.raises(GraphError) as caught:
        embed(outer(), "sub", single("a"))

    assert [str(problem) for problem in caught.value.problems] == [
        "first.output -> sub.in: the part 'sub' has no public inport 'in' (it has no inports)",
        "initial packet for sub.in: the part 'sub' has no public inport 'in' (it has no inports)",
        "outport 'y': the part 'sub' has no public outport 'out' (it has no outports)",
    ]


def test_only_a_node_that_is_there_can_be_replaced() -> None:
    with pytest.raises(GraphError, match="node 'sup': there is none"):
        embed(outer(), "sup", public("a"))


def test_a_hundred_thousand_nodes_are_composed_and_taken_apart() -> None:
    part = Graph("part")
    for number in range(1_000):
        part.add_node(str(number), "double")
        part.add_connection(str(number), "out", str((number + 1) % 1_000), "in")
    part.add_inport("in", "0", "in")
    part.add_outport("out", "999", "out")
    names = [f"p{number}" for number in range(100)]
    links = [Link(f"p{n}", "out", f"p{n + 1}", "in") for n in range(99)]

    whole = compose(dict.fromkeys(names, part), links)

    assert (len(whole.nodes), len(whole.connections)) == (100_000, 100_099)
    assert (list(whole.inports), list(whole.outports)) == (["p0/in"], ["p99/out"])
    assert _comparable(part_of(whole, "p50")) == _comparable(
        Graph.from_json(part.to_dict() | {"inports": {}, "outports": {}})
    )
