from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine import Graph
from engine.errors import GraphError, Problem
from engine.messages import ErrorValue
from tests.engine.graph.samples import doubles

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_graph_has_a_name_and_says_how_large_it_is() -> None:
    graph = doubles("a", "b")
    graph.add_connection("a", "out", "b", "in")

    assert graph.name == "doubles"
    assert repr(graph) == "<Graph 'doubles': 2 nodes, 1 connections>"


def test_a_node_id_used_twice_is_refused_and_changes_nothing() -> None:
    graph = doubles("a")

    with pytest.raises(GraphError) as caught:
        graph.add_node("a", "words")

    assert caught.value.problems == (
        Problem("node 'a'", "there is one with this id already", "duplicate_node", node="a"),
    )
    assert graph.nodes["a"].component == "double"


def test_a_connection_to_a_node_that_comes_later_is_accepted() -> None:
    graph = Graph()

    graph.add_connection("a", "out", "later", "in")
    graph.add_node("later", "double")

    assert [item.ends for item in graph.connections] == ["a.out -> later.in"]


def test_removing_a_node_removes_what_is_attached_to_it() -> None:
    graph = doubles("a", "b", "c")
    graph.add_connection("a", "out", "b", "in")
    graph.add_connection("b", "out", "c", "in")
    graph.add_connection("a", "out", "c", "in")
    graph.add_initial("b", "in", 1)
    graph.add_inport("x", "b", "in")
    graph.add_outport("y", "b", "out")
    graph.add_group("all", ["a", "b", "c"])

    graph.remove_node("b")

    rest = doubles("a", "c")
    rest.add_connection("a", "out", "c", "in")
    rest.add_group("all", ["a", "c"])
    assert graph == rest


def test_connections_packets_ports_and_groups_are_removed_by_name() -> None:
    graph = doubles("a", "b")
    graph.add_connection("a", "out", "b", "in")
    graph.add_initial("a", "in", 1)
    graph.add_initial("a", "in", 2)
    graph.add_inport("x", "a", "in")
    graph.add_outport("y", "b", "out")
    graph.add_group("both", ["a", "b"])

    graph.remove_connection("a", "out", "b", "in")
    graph.remove_initial("a", "in")
    graph.remove_inport("x")
    graph.remove_outport("y")
    graph.remove_group("both")

    assert graph == doubles("a", "b")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda g: g.remove_node("aa"), "node 'aa': there is none (did you mean 'a'?)"),
        (
            lambda g: g.remove_connection("a", "out", "b", "inn"),
            "connection a.out -> b.inn: there is none (did you mean 'a.out -> b.in'?)",
        ),
        (lambda g: g.remove_initial("b", "in"), "initial packet for b.in: there is none"),
        (lambda g: g.remove_inport("xx"), "inport 'xx': there is none (did you mean 'x'?)"),
        (lambda g: g.remove_outport("x"), "outport 'x': there is none"),
        (lambda g: g.remove_group("gg"), "group 'gg': there is none (did you mean 'g'?)"),
        (lambda g: g.add_group("g", []), "group 'g': there is one with this id already"),
        (
            lambda g: g.add_inport("x", "b", "in"),
            "inport 'x': there is one with this name already",
        ),
        (
            lambda g: g.add_outport("y", "b", "out", "integr"),
            "outport 'y': the port type 'integr' is unknown (did you mean 'integer'?)",
        ),
        (
            lambda g: g.add_node("", "double"),
            "node '': id must be a text that is not empty, not ''",
        ),
        (
            lambda g: g.add_node("n", None),
            "node 'n': component must be a text that is not empty, not None",
        ),
        (lambda g: g.add_node("n", "double", [1]), "node 'n': must be an object, not list"),
        (
            lambda g: g.add_node("n", "double", {"a": object()}),
            "node 'n': object at .a cannot be a message",
        ),
        (
            lambda g: g.add_connection("a", "", "b", "in"),
            "connection a. -> b.in: its outport must be a text that is not empty, not ''",
        ),
        (
            lambda g: g.add_initial("a", "in", {"type": "Integer", "data": 1.5}),
            "initial packet for a.in: Integer: needs a whole number, not 1.5",
        ),
        (
            lambda g: g.add_initial("a", "in", 2**63),
            "initial packet for a.in: 9223372036854775808 is outside i64",
        ),
        (
            lambda g: g.add_initial("a", "in", [float("nan")]),
            "initial packet for a.in: [0]: nan is not a finite number",
        ),
    ],
)
def test_an_edit_that_cannot_be_is_refused_and_says_why(
    edit: Callable[[Graph], None], message: str
) -> None:
    graph = doubles("a", "b")
    graph.add_connection("a", "out", "b", "in")
    graph.add_inport("x", "a", "in")
    graph.add_group("g", [])
    before = graph.to_json()

    with pytest.raises(GraphError) as caught:
        edit(graph)

    assert str(caught.value) == message
    assert graph.to_json() == before


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (21, {"type": "Integer", "data": 21}),
        (1.0, {"type": "Float", "data": 1.0}),
        (None, {"type": "Optional", "data": None}),
        (b"\x01", {"type": "Bytes", "data": [1]}),
        (ErrorValue("bad"), {"type": "Error", "data": "bad"}),
        ({"type": "Float", "data": 1}, {"type": "Float", "data": 1}),
        ({"type": "note", "data": 1}, {"type": "Object", "data": {"type": "note", "data": 1}}),
        ([1, (2,)], {"type": "Array", "data": [1, [2]]}),
    ],
)
def test_a_packet_is_written_with_its_tag(value: object, data: object) -> None:
    graph = doubles("a")

    graph.add_initial("a", "in", value, {"note": 1})

    assert [(item.data, item.metadata) for item in graph.initials] == [(data, {"note": 1})]


def test_a_value_that_cannot_be_changed_later_is_stored() -> None:
    settings = {"list": [1]}
    graph = Graph()
    graph.add_node("a", "double", settings)

    settings["list"].append(2)

    assert graph.nodes["a"].metadata == {"list": [1]}
