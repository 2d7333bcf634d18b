from __future__ import annotations

import json
from typing import Any

import offbit_reflow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Graph
from engine.errors import GraphError, Problem
from engine.graph.elements import Connection, Node
from tests.engine.graph.samples import GRAPHS, edge, sample
from tests.nightly import examples


@pytest.mark.parametrize("name", GRAPHS)
def test_an_export_of_the_original_comes_back_equal(name: str) -> None:
    document = sample(name)

    from_text = Graph.from_json(json.dumps(document))
    from_object = Graph.from_json(document)

    assert json.loads(from_text.to_json()) == document
    assert from_object == from_text


@pytest.mark.parametrize("name", GRAPHS)
def test_the_original_accepts_our_export_and_gives_the_same_back(name: str) -> None:
    exported = json.loads(Graph.from_json(sample(name)).to_json())

    theirs = offbit_reflow.Graph.from_json(exported).to_json()

    assert theirs == sample(name)


def test_the_original_accepts_a_graph_that_was_built_here() -> None:
    graph = Graph("built")
    graph.add_node("a", "tpl_passthrough", {"label": "first"})
    graph.add_node("b", "tpl_passthrough")
    graph.add_connection("a", "out", "b", "in", {"id": "wire"})
    for value in (1, None, b"\x00\xff", [1, 2.5], {"type": "x", "data": 1}):
        graph.add_initial("a", "in", value)
    graph.add_inport("start", "a", "in")  # the original forgets the type of an inport
    graph.add_outport("result", "b", "out", "integer")
    graph.add_outport("failed", "b", "error", "error")
    graph.add_group("both", ["a", "b"], {"color": 1})

    exported = graph.to_dict()

    assert offbit_reflow.Graph.from_json(json.loads(graph.to_json())).to_json() == exported
    assert Graph.from_json(graph.to_json()) == graph


def test_what_is_missing_is_filled_in() -> None:
    document = {
        "processes": {"a": {"component": "double"}, "b": {"component": "double"}},
        "connections": [
            {"from": {"nodeId": "a", "portId": "out"}, "to": {"nodeId": "b", "portName": "in"}}
        ],
    }

    graph = Graph.from_json(document)

    assert list(graph.nodes.values()) == [Node("a", "double"), Node("b", "double")]
    assert [connection.ends for connection in graph.connections] == ["a.out -> b.in"]
    assert graph.to_dict() == {
        "caseSensitive": False,
        "properties": {"name": ""},
        "processes": {
            "a": {"id": "a", "component": "double", "metadata": None},
            "b": {"id": "b", "component": "double", "metadata": None},
        },
        "connections": [
            {
                "from": edge("a", "out"),
                "to": edge("b", "", portName="in"),
                "metadata": None,
                "data": None,
            }
        ],
        "inports": {},
        "outports": {},
        "groups": [],
    }


def test_unknown_keys_survive_at_every_level() -> None:
    document = sample("graph_full")
    document["ours"] = {"deep": [1]}
    document["graphDependencies"] = []
    document["properties"]["ours"] = 1
    document["processes"]["Map"]["scriptRuntime"] = "python"
    document["connections"][0]["ours"] = 2
    document["connections"][0]["from"]["ours"] = 3
    document["connections"][-1]["ours"] = 4
    document["connections"][-1]["to"]["ours"] = 5
    document["inports"]["in_any_t"]["ours"] = 6
    document["outports"]["OUT"]["portType"]["ours"] = 7
    document["groups"][0]["ours"] = None

    assert json.loads(Graph.from_json(document).to_json()) == document


def test_ports_keep_the_spelling_of_the_document() -> None:
    graph = Graph.from_json(
        {
            "caseSensitive": False,
            "processes": {"a": {"component": "c"}},
            "connections": [{"from": edge("a", "Result-OUT"), "to": edge("a", "", portName="IN")}],
        }
    )

    connection = graph.to_dict()["connections"][0]

    assert graph.connections[0].ends == "a.Result-OUT -> a.IN"
    assert connection["from"] == edge("a", "Result-OUT")
    assert connection["to"] == edge("a", "", portName="IN")


def test_older_documents_hold_their_packets_under_initializers() -> None:
    document = {
        "processes": {"a": {"component": "c"}},
        "initializers": [
            {"to": edge("a", "in", index=1), "data": {"type": "Integer", "data": 2}},
            {"to": edge("a", "in", index=0), "data": None, "metadata": {"note": "first"}},
        ],
    }

    graph = Graph.from_json(document)

    assert [item.message() for item in graph.initials] == [None, 2]
    assert "initializers" not in graph.to_dict()
    assert graph.to_dict()["connections"] == [
        {
            "from": edge("", ""),
            "to": edge("a", "in", index=0),
            "data": {"type": "Optional", "data": None},
            "metadata": {"note": "first"},
        },
        {
            "from": edge("", ""),
            "to": edge("a", "in", index=1),
            "data": {"type": "Integer", "data": 2},
            "metadata": None,
        },
    ]


def test_packets_are_ordered_by_their_index() -> None:
    def packet(data: Any, index: int | None) -> dict[str, Any]:
        return {"from": edge("", ""), "to": edge("a", "in", index=index), "data": data}

    document = {"connections": [packet("last", None), packet("b", 7), packet("a", 2)]}

    graph = Graph.from_json(document)

    assert [item.message() for item in graph.initials] == ["a", "b", "last"]
    written = graph.to_dict()["connections"]
    assert [item["to"]["index"] for item in written] == [0, 1, 2]


def test_packets_may_be_bare_or_tagged() -> None:
    graph = Graph.from_json(sample("graph_full"))

    assert [item.message() for item in graph.initials] == [
        [1, 2.5, "x", None, {"k": True}],
        42,
        "third",
    ]


def test_a_port_type_as_a_text_is_read_and_written_as_the_original_wants_it() -> None:
    document = {"inports": {"x": edge("a", "x", portName="in", portType="stream")}}

    graph = Graph.from_json(document)

    assert graph.inports["x"].port_type == "stream"
    assert graph.to_dict()["inports"]["x"]["portType"] == {"type": "stream"}


def test_an_exposed_port_may_be_named_by_its_id_alone() -> None:
    graph = Graph.from_json({"outports": {"y": edge("a", "out")}})

    assert (graph.outports["y"].node, graph.outports["y"].port) == ("a", "out")
    assert graph.to_dict()["outports"] == {"y": edge("a", "out")}


def test_equal_graphs_have_one_checksum_whatever_the_order_of_their_keys() -> None:
    document = sample("graph_full")
    turned = dict(reversed(document.items()))

    one, other = Graph.from_json(document), Graph.from_json(turned)

    assert one.checksum() == other.checksum()
    assert len(one.checksum()) == 64
    assert one.checksum() != Graph.from_json(sample("graph_empty")).checksum()


def test_every_problem_of_a_document_is_reported_at_once() -> None:
    document = {
        "caseSensitive": "yes",
        "properties": [],
        "processes": {
            "a": "tpl_map",
            "b": {"id": "c", "component": "x"},
            "d": {"component": 5, "metadata": None},
            "e": {"component": "x", "metadata": "text"},
            "": {"component": "x"},
        },
        "connections": [
            "a -> b",
            {"from": None, "to": {"nodeId": 5, "portId": "in", "index": "1", "expose": 1}},
            {"from": edge("a", "out"), "to": edge("b", "in", portType=3), "metadata": [1]},
        ],
        "initializers": {},
        "inports": {"x": 1},
        "groups": [{"id": 1, "nodes": [1]}, "g"],
    }

    with pytest.raises(GraphError) as caught:
        Graph.from_json(document)

    assert [(problem.where, problem.message) for problem in caught.value.problems] == [
        ("caseSensitive", "must be true or false, not a text"),
        ("properties", "must be an object, not a list"),
        ("node 'a'", "must be an object, not a text"),
        ("node 'b'.id", "'c' differs from its key"),
        ("node 'd'.component", "must name a component, not 5"),
        ("node 'e'.metadata", "must be an object, not a text"),
        ("node ''", "its id is empty"),
        ("inports.x", "must be an object, not a number"),
        ("groups[0].nodes", "must be a list of node ids"),
        ("groups[0].id", "must be a text, not a number"),
        ("groups[1]", "must be an object, not a text"),
        ("connections[0]", "must be an object, not a text"),
        ("connections[1].from", "is missing"),
        ("connections[1].to.index", "must be a whole number, not a text"),
        ("connections[1].to.expose", "must be true or false, not a number"),
        ("connections[1].to.nodeId", "must be a text, not a number"),
        ("connections[2].to.portType", 'must be as {"type": "any"}, not a number'),
        ("connections[2].metadata", "must be an object, not a list"),
        ("initializers", "must be a list, not an object"),
    ]
    assert {problem.code for problem in caught.value.problems} == {"malformed"}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        (b"\xff", "not UTF-8: invalid start byte at byte 0"),
        ("[]", "must be an object, not a list"),
        ("null", "must be an object, not null"),
        (5, "must be an object, not a number"),
        ({"x": float("nan")}, "x: nan is not a finite number"),
        ({"x": [10**5000]}, "x[0]: a whole number of 16610 bits is outside i64"),
        ({"x": {1, 2}}, "x: set is not a message"),
        ({"x": "\ud800"}, "x: the text '\\ud800' holds a lone surrogate"),
        ({"x": "\0"}, "the text '\\x00' holds U+0000"),
        ("[" * 50_000, "nested too deeply (limit: depth 64) at line 1, column 65"),
        ('{"a":' * 50_000, "nested too deeply (limit: depth 64)"),
        ('{"processes": {}, "processes": {}}', "the key 'processes' stands twice in one object"),
    ],
)
def test_what_is_no_document_is_refused_by_name(document: Any, problem: str) -> None:
    with pytest.raises(GraphError, match=r"^graph: ") as caught:
        Graph.from_json(document)

    assert problem in str(caught.value)


def test_a_value_that_contains_itself_is_refused() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle

    with pytest.raises(GraphError) as caught:
        Graph.from_json(circle)

    assert caught.value.problems == (
        Problem("graph", "nested too deeply to be written", code="not_json"),
    )


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary()
)
KEYS = st.text(max_size=3) | st.sampled_from(
    [
        "processes", "connections", "initializers", "inports", "outports", "groups", "properties",
        "caseSensitive", "from", "to", "data", "metadata", "id", "component", "nodes", "nodeId",
        "portId", "portName", "portType", "index", "expose", "type",
    ]
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "caseSensitive": ANYTHING,
        "properties": ANYTHING,
        "processes": ANYTHING | st.dictionaries(KEYS, ANYTHING, max_size=3),
        "connections": ANYTHING | st.lists(ANYTHING, max_size=3),
        "initializers": ANYTHING | st.lists(ANYTHING, max_size=3),
        "inports": ANYTHING,
        "outports": ANYTHING,
        "groups": ANYTHING,
    },
)


def read(document: Any) -> Graph | GraphError:
    try:
        return Graph.from_json(document)
    except GraphError as error:
        return error


@settings(deadline=None, max_examples=examples(300))
@given(ANYTHING | DOCUMENTS)
def test_anything_is_a_graph_that_round_trips_or_a_graph_error(document: Any) -> None:
    result = read(document)

    assert result.problems if isinstance(result, GraphError) else read(result.to_json()) == result


@settings(deadline=None, max_examples=examples(300))
@given(st.text() | st.binary() | ANYTHING.map(lambda value: json.dumps(value, default=str)))
def test_any_text_is_a_graph_or_a_graph_error(text: str | bytes) -> None:
    result = read(text)

    assert isinstance(result, Graph) or result.problems


def test_a_connection_is_known_by_its_own_id_if_it_has_one() -> None:
    graph = Graph()
    graph.add_connection("a", "out", "b", "in", {"id": "wire"})
    graph.add_connection("a", "out", "b", "in", {"id": 5})
    graph.add_connection("a", "out", "b", "in")

    assert [item.id for item in graph.connections] == ["wire", "a.out -> b.in", "a.out -> b.in"]
    assert graph.connections[2] == Connection("a", "out", "b", "in")
