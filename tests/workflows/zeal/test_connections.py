"""Zeal's connection ids, found from a node and a port of the graph that runs."""

from __future__ import annotations

import pytest

from engine.graph import Graph
from tests.workflows.zeal.documents import TARGET, sample
from workflows.zeal.connections import ZealConnections
from workflows.zeal.converting import convert
from workflows.zeal.naming import ZealNode

SUM = "tpl_math_add-2-c"


@pytest.fixture
def nested() -> ZealConnections:
    return ZealConnections(convert(sample("subgraph"), TARGET).graph, TARGET.registry)


def test_connections_of_a_port_are_found_under_each_of_its_spellings() -> None:
    found = ZealConnections(convert(sample("sum"), TARGET).graph, TARGET.registry)

    assert found.out_of(SUM, "result") == found.out_of(SUM, "result-out") == ("conn-3",)
    assert found.into("tpl_passthrough-3-d", "input") == ("conn-3",)


def test_without_a_registry_a_port_is_found_as_the_graph_spells_it() -> None:
    found = ZealConnections(convert(sample("sum"), TARGET).graph)

    assert found.out_of(SUM, "result-out") == ("conn-3",)
    assert found.out_of(SUM, "result") == ()


def test_a_widget_counts_as_incoming_though_it_became_a_packet() -> None:
    found = ZealConnections(convert(sample("sum"), TARGET).graph, TARGET.registry)

    assert found.into(SUM, "a") == ("conn-1",)
    assert found.into(SUM) == ("conn-1", "conn-2")


def test_connections_into_a_subgraph_are_those_of_its_input(nested: ZealConnections) -> None:
    assert nested.into("sub-1/in", "input") == ("c1",)
    assert nested.out_of("sub-1/out", "output") == nested.into("sub-2/in") == ("c2",)
    assert nested.out_of("sub-1/in") == ("i1",)


def test_a_proxy_answers_with_the_connections_on_its_other_side(nested: ZealConnections) -> None:
    assert nested.into("sub-2/pass", "input") == ("i1", "c3")
    assert nested.out_of("sub-2/pass") == ("i2", "c4")


def test_the_node_of_zeal_is_known_within_a_subgraph_too(nested: ZealConnections) -> None:
    assert nested.node("sub-2/pass") == ZealNode("pass", "inner", "Pass", "reflow/tpl_passthrough")
    assert nested.node("sub-2") is None


def test_a_graph_that_never_was_in_zeal_has_no_connections_there() -> None:
    graph = Graph("plain", case_sensitive=True)
    graph.add_node("a", "tpl_passthrough", {"zeal": "no object"})
    graph.add_node("b", "no_such_component", {"zeal": {"id": 5}})
    graph.add_connection("a", "output", "b", "in", {"zeal": {"connections": [1], "via": "a"}})
    graph.add_connection("b", "out", "a", "input", {"zeal": {"via": "b"}})
    found = ZealConnections(graph, TARGET.registry)

    assert (found.into("b"), found.out_of("a"), found.into("nobody", "in")) == ((), (), ())
    assert (found.node("a"), found.node("b"), found.node("nobody")) == (None, None, None)


def test_zeals_ids_are_found_for_ours() -> None:
    found = ZealConnections(convert(sample("sum"), TARGET).graph, TARGET.registry)

    assert found.taken_out_of(SUM, ["conn-3", "conn-9"]) == ("conn-3",)
    assert found.taken_into("tpl_passthrough-3-d", ["conn-3"]) == ("conn-3",)
    assert found.taken_into("tpl_passthrough-3-d", []) == ()


def test_what_became_a_packet_was_taken_whatever_ours_say() -> None:
    found = ZealConnections(convert(sample("sum"), TARGET).graph, TARGET.registry)

    assert found.taken_into(SUM, []) == ("conn-1", "conn-2")


def test_ways_through_a_proxy_are_those_on_its_other_side(nested: ZealConnections) -> None:
    ours = "proxy-1.output -> sub-2/pass.input"

    assert nested.taken_into("sub-2/pass", [ours]) == ("c3",)
    assert nested.taken_into("sub-2/pass", [ours, "sub-2/i1"]) == ("i1", "c3")
    assert nested.taken_out_of("sub-2/pass", ["sub-2/pass.output -> proxy-2.input"]) == ("c4",)
