from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from engine import Actor, Graph, Port, Registry
from engine.errors import GraphError, Problem
from engine.graph import GraphLimits, check, resolve_port, validate
from engine.node_config import setting
from tests.engine.graph.samples import REGISTRY, doubles, edge


def said(graph: Graph, registry: Registry = REGISTRY) -> list[str]:
    return [f"{p.severity} {p.code} {p}" for p in validate(graph, registry)]


def chain() -> Graph:
    graph = doubles("a", "b")
    graph.add_connection("a", "out", "b", "in")
    graph.add_initial("a", "in", 1)
    return graph


def test_a_graph_without_mistakes_has_no_problems() -> None:
    graph = chain()

    check(graph, REGISTRY)

    assert validate(graph, REGISTRY) == ()


def test_an_empty_graph_has_no_problems() -> None:
    assert validate(Graph(), REGISTRY) == ()


def test_every_problem_is_reported_at_once_with_the_nearest_right_name() -> None:
    graph = chain()
    graph.add_node("c", "duoble")
    graph.add_connection("a", "uot", "b", "in")
    graph.add_connection("a", "out", "b", "inn")
    graph.add_connection("a", "out", "bb", "in")
    graph.add_connection("b", "out", "c", "whatever")
    graph.add_initial("a", "im", 1)
    graph.add_inport("x", "aa", "in")
    graph.add_outport("y", "b", "oout")

    assert said(graph) == [
        (
            "error unknown_component node 'c': the component 'duoble' is unknown"
            " (did you mean 'double'?)"
        ),
        (
            "error unknown_outport connection a.uot -> b.in: node 'a' (double) has no outport 'uot'"
            " (did you mean 'out'?)"
        ),
        (
            "error unknown_inport connection a.out -> b.inn: node 'b' (double) has no inport 'inn'"
            " (did you mean 'in'?)"
        ),
        "error unknown_node connection a.out -> bb.in: there is no node 'bb' (did you mean 'b'?)",
        (
            "error unknown_inport initial packet for a.im: node 'a' (double) has no inport 'im'"
            " (one of: in)"
        ),
        "error unknown_node inport 'x': there is no node 'aa' (did you mean 'a'?)",
        (
            "error unknown_outport outport 'y': node 'b' (double) has no outport 'oout'"
            " (did you mean 'out'?)"
        ),
    ]


def test_a_problem_names_its_node_and_port() -> None:
    graph = chain()
    graph.add_connection("a", "out", "b", "inn")

    assert validate(graph, REGISTRY) == (
        Problem(
            where="connection a.out -> b.inn",
            message="node 'b' (double) has no inport 'inn'",
            code="unknown_inport",
            node="b",
            port="inn",
            hint="did you mean 'in'?",
        ),
    )


def test_a_wrong_type_is_reported_with_both_types() -> None:
    graph = chain()
    graph.add_node("w", "words")
    graph.add_connection("b", "out", "w", "text")
    graph.add_initial("b", "in", "a text")
    graph.add_outport("y", "w", "words", "integer")
    graph.add_inport("x", "w", "text", "object")

    assert said(graph) == [
        (
            "error type_mismatch connection b.out -> w.text: an outport of type integer does not"
            " fit an inport of type string"
        ),
        (
            "error type_mismatch initial packet for b.in: a message of type String does not fit"
            " an inport of type integer"
        ),
        "error type_mismatch inport 'x': is of type object, but the port of the node is of string",
        "error type_mismatch outport 'y': is of type integer, but the port of the node is of array",
    ]


def test_a_packet_that_is_no_message_is_reported() -> None:
    packet = {"type": "Integer", "data": 1.5}
    document = {
        "processes": {"a": {"component": "double"}},
        "connections": [{"from": edge("", ""), "to": edge("a", "in"), "data": packet}],
    }

    assert said(Graph.from_json(document)) == [
        "error invalid_message initial packet for a.in: Integer: needs a whole number, not 1.5"
    ]


def test_a_connection_that_stands_twice_is_reported_in_any_spelling_of_its_ports() -> None:
    graph = chain()
    graph.add_connection("a", "Result-Out", "b", "VALUE-IN")

    assert said(graph) == [
        (
            "error duplicate_connection connection a.Result-Out -> b.VALUE-IN: stands twice in the"
            " graph (remove one: every message would arrive twice)"
        ),
    ]


def test_ports_must_be_spelt_exactly_where_the_graph_says_so() -> None:
    graph = chain()
    graph.case_sensitive = True
    graph.add_connection("a", "result-out", "b", "IN")

    assert said(graph) == [
        (
            "error unknown_inport connection a.result-out -> b.IN: node 'b' (double) has no inport"
            " 'IN' (did you mean 'in'?)"
        ),
    ]


def test_a_required_inport_needs_something_that_feeds_it() -> None:
    graph = Graph()
    for name in ("bare", "wired", "given", "exposed"):
        graph.add_node(name, "words")
    graph.add_node("join", "join")
    graph.add_connection("join", "out", "wired", "text")
    graph.add_initial("join", "a", 1)
    graph.add_initial("given", "text", "a b")
    graph.add_inport("x", "exposed", "text")

    errors = [problem for problem in said(graph) if problem.startswith("error")]

    assert errors == [
        (
            "error required_inport node 'bare': the inport 'text' needs a connection or an initial"
            " packet (what is split)"
        ),
    ]


def test_a_node_that_is_connected_to_nothing_is_a_warning() -> None:
    graph = chain()
    graph.add_node("lonely", "double")

    check(graph, REGISTRY)

    assert said(graph) == ["warning orphan_node node 'lonely': is connected to nothing"]


def test_nodes_that_no_message_can_reach_are_a_warning() -> None:
    graph = doubles("a", "b", "c", "d")
    graph.add_connection("a", "out", "b", "in")
    graph.add_connection("c", "out", "d", "in")
    graph.add_connection("d", "out", "c", "in", {"feedback": True})

    assert said(graph) == [
        f"warning unreachable_node node {name!r}: can never fire: no message can reach it"
        for name in "abcd"
    ]


def test_a_join_that_waits_for_itself_is_a_warning() -> None:
    graph = Graph()
    graph.add_node("j", "join")
    graph.add_node("after", "join")
    graph.add_initial("j", "a", 1)
    graph.add_connection("j", "out", "j", "b", {"feedback": True})
    graph.add_connection("j", "out", "after", "a")

    assert said(graph) == [
        "warning never_fires node 'j': waits for all its inports, but no message can reach b",
        "warning unreachable_node node 'after': can never fire: no message can reach it",
    ]


def test_an_actor_that_takes_any_message_needs_only_one_live_inport() -> None:
    graph = Graph()
    graph.add_node("m", "merge")
    graph.add_initial("m", "a", 1)
    graph.add_connection("m", "out", "m", "b", {"feedback": True})

    assert said(graph) == []


def test_two_connections_with_one_id_are_an_error() -> None:
    graph = doubles("a", "b", "c")
    graph.add_initial("a", "in", 1)
    graph.add_connection("a", "out", "b", "in", {"id": "wire"})
    graph.add_connection("a", "out", "c", "in", {"id": "wire"})

    assert said(graph) == [
        (
            "error duplicate_connection_id connection a.out -> c.in: has the id 'wire',"
            " as a.out -> b.in has (give each an id of its own in metadata.id, or none)"
        )
    ]


def test_a_join_with_a_first_message_on_its_feedback_is_fine() -> None:
    graph = Graph()
    graph.add_node("j", "join")
    graph.add_initial("j", "a", 1)
    graph.add_initial("j", "b", 0)
    graph.add_connection("j", "out", "j", "b", {"feedback": True})

    assert said(graph) == []


def test_a_cycle_is_a_warning_that_names_its_nodes() -> None:
    graph = doubles("a", "b", "c")
    graph.add_connection("a", "out", "b", "in")
    graph.add_connection("b", "out", "c", "in")
    graph.add_connection("c", "out", "b", "in")
    graph.add_initial("a", "in", 1)

    check(graph, REGISTRY)

    assert said(graph) == [
        (
            "warning feedback_edge connection c.out -> b.in: closes a cycle: b -> c -> b"
            " (if it is meant, set metadata.feedback to true)"
        ),
    ]


def test_a_group_with_an_unknown_node_and_an_unknown_port_type_are_warnings() -> None:
    graph = Graph.from_json(
        {
            "processes": {"a": {"component": "double"}},
            "inports": {"x": edge("a", "x", portName="in", portType={"type": "number"})},
            "groups": [{"id": "g", "nodes": ["a", "b"]}],
        }
    )

    assert said(graph) == [
        "warning unknown_port_type inport 'x': the port type 'number' is unknown; it counts as any",
        "warning unknown_node group 'g': there is no node 'b' (one of: a)",
    ]


class Timed(Actor):
    component = "timed"
    inports = (Port("in"),)
    outports = (Port("out"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        unit: str
        delay_ms: int = setting(0, key="delayMs", minimum=0)

    def process_value(self, value: object) -> object:
        return value


def test_all_wrong_settings_of_all_nodes_are_reported() -> None:
    graph = Graph()
    graph.add_node("a", "timed", {"delayMs": -1, "delayMS": 5, "x": 100, "label": "A"})
    graph.add_node("b", "timed", {"delayMs": "soon", "unit": "s"})
    for node in ("a", "b"):
        graph.add_initial(node, "in", 1)

    problems = said(graph, Registry([Timed]))

    assert problems == [
        "error config_invalid node 'a': config.unit: is required",
        "error config_invalid node 'a': config.delayMs: must be at least 0, not -1",
        (
            "warning unknown_setting node 'a': config.delayMS: is not a setting of this component"
            " (did you mean 'delayMs'?)"
        ),
        "error config_invalid node 'b': config.delayMs: must be a whole number, not 'soon'",
    ]


def test_a_key_that_looks_like_a_setting_is_kept_with_a_warning() -> None:
    document: dict[str, Any] = {
        "processes": {
            "a": {
                "component": "timed",
                "delayMs": 5,
                "metdata": {"note": 1},
                "metadata": {"unit": "s", "delay": 1, "polcy": {}, "author": "me", "label": "A"},
            }
        },
        "properties": {"name": "g", "onEror": "ignore", "version": "1"},
        "conections": [],
        "onError": "ignore",
        "editor": "mine",
    }
    graph = Graph.from_json(document)
    graph.add_initial("a", "in", 1)

    problems = said(graph, Registry([Timed]))

    assert problems == [
        (
            "warning unknown_setting graph: conections: is not a key of a graph"
            " (did you mean 'connections'?)"
        ),
        (
            "warning unknown_setting graph: onError: is not a key of a graph"
            " (it belongs into properties)"
        ),
        (
            "warning unknown_setting graph: properties.onEror: is not a setting of a graph"
            " (did you mean 'onError'?)"
        ),
        (
            "warning unknown_setting node 'a': delayMs: is not a key of a node"
            " (it belongs into metadata)"
        ),
        (
            "warning unknown_setting node 'a': metdata: is not a key of a node"
            " (did you mean 'metadata'?)"
        ),
        (
            "warning unknown_setting node 'a': config.delay: is not a setting of this component"
            " (did you mean 'delayMs'?)"
        ),
        (
            "warning unknown_setting node 'a': config.polcy: is not a setting of this component"
            " (did you mean 'policy'?)"
        ),
    ]
    kept = graph.to_dict()
    assert {key: kept[key] for key in document if key != "processes"} == {
        key: value for key, value in document.items() if key != "processes"
    }
    assert kept["processes"]["a"] == {"id": "a", **document["processes"]["a"]}


def test_a_component_that_cannot_be_loaded_is_a_problem_of_its_nodes() -> None:
    graph = Graph()
    graph.add_node("a", "gone")

    problems = said(graph, Registry(paths={"gone": "no_such_package:Gone"}))

    assert problems == [
        (
            "error component_broken node 'a': the component 'gone' cannot be used:"
            " actor 'no_such_package:Gone': cannot be loaded: No module named 'no_such_package'"
        ),
    ]


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (GraphLimits(nodes=1), "graph: has 2 nodes, more than 1 (limit: nodes)"),
        (GraphLimits(connections=1), "graph: has 2 connections, more than 1 (limit: connections)"),
    ],
)
def test_a_graph_over_a_limit_is_refused_by_its_name(limits: GraphLimits, problem: str) -> None:
    with pytest.raises(GraphError) as caught:
        check(chain(), REGISTRY, limits)

    assert str(caught.value) == problem


def test_a_graph_at_its_limits_is_accepted() -> None:
    assert validate(chain(), REGISTRY, GraphLimits(nodes=2, connections=2)) == ()


def test_a_mistake_made_twice_gets_its_hint_twice() -> None:
    graph = chain()
    graph.add_connection("a", "out", "bb", "in")
    graph.add_connection("b", "out", "bb", "in")

    hints = [problem.hint for problem in validate(graph, REGISTRY) if problem.node == "bb"]

    assert hints == ["did you mean 'b'?", "did you mean 'b'?"]


PORTS = (Port("out"), Port("OUT"), Port("rest", aliases=("out", "Other")))


@pytest.mark.parametrize(
    ("name", "case_sensitive", "found"),
    [
        ("out", True, "out"),
        ("OUT", False, "OUT"),
        ("Out", False, "out"),
        ("Other", True, "rest"),
        ("other", False, "rest"),
        ("other", True, None),
        ("", False, None),
    ],
)
def test_a_port_answers_to_its_name_then_an_alias_then_any_case(
    name: str, case_sensitive: bool, found: str | None
) -> None:
    port = resolve_port(PORTS, name, case_sensitive=case_sensitive)

    assert (port and port.name) == found


def test_a_property_that_is_no_word_we_know_is_an_error() -> None:
    graph = chain()
    graph.properties |= {"onError": "ignroe", "onUndelivered": 1}

    wrong = "error policy_invalid properties."
    assert said(graph) == [
        f"{wrong}onError: 'ignroe' is no such word (did you mean 'ignore'?)",
        f"{wrong}onUndelivered: 1 is no such word (one of: fail, ignore)",
    ]
    graph.properties |= {"onError": "fail", "onUndelivered": "ignore"}
    assert said(graph) == []
