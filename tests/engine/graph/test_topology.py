from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Graph
from engine.graph import validate
from engine.graph.topology import closing_edges, feedback_edges, topological_order
from tests.engine.graph.samples import REGISTRY, doubles


def joined(names: str, *pairs: str) -> Graph:
    graph = doubles(*names)
    for pair in pairs:
        graph.add_connection(pair[0], "out", pair[1], "in")
    return graph


def test_the_order_of_a_diamond_puts_each_node_after_all_that_send_to_it() -> None:
    graph = joined("dcba", "ab", "ac", "bd", "cd")

    assert topological_order(graph) == ("a", "c", "b", "d")
    assert feedback_edges(graph) == ()


def test_the_edge_back_to_where_messages_come_from_is_the_feedback() -> None:
    graph = joined("cba", "ab", "bc", "ca")
    graph.add_initial("a", "in", 1)

    assert [item.ends for item in feedback_edges(graph)] == ["c.out -> a.in"]
    assert topological_order(graph) == ("a", "b", "c")


def test_of_a_long_cycle_only_the_ends_are_named() -> None:
    names = "abcdefghijkl"
    graph = joined(names, *(f"{a}{b}" for a, b in pairwise(names + "a")))

    (closing,) = closing_edges(graph)

    assert closing.connection.ends == "l.out -> a.in"
    assert closing.cycle == ("a", "b", "c", "d", "e", "f", "g", "h", "...", "l")


def test_a_node_that_sends_to_itself_is_feedback() -> None:
    graph = joined("a", "aa")

    assert [item.ends for item in feedback_edges(graph)] == ["a.out -> a.in"]


def test_a_connection_that_is_marked_as_feedback_is_taken_for_it() -> None:
    graph = joined("ab", "ba")
    graph.add_connection("a", "out", "b", "in", {"feedback": True})

    assert [item.ends for item in feedback_edges(graph)] == ["a.out -> b.in"]
    assert topological_order(graph) == ("b", "a")


def test_connections_of_unknown_nodes_do_not_count() -> None:
    graph = joined("a", "ax", "xa")

    assert (feedback_edges(graph), topological_order(graph)) == ((), ("a",))


PAIRS = st.lists(st.sampled_from([f"{a}{b}" for a in "abcdefg" for b in "abcdefg"]), unique=True)


@given(PAIRS)
def test_without_its_feedback_any_graph_is_in_order(pairs: list[str]) -> None:
    graph = joined("abcdefg", *pairs)

    feedback = feedback_edges(graph)
    position = {node: index for index, node in enumerate(topological_order(graph))}

    assert sorted(position) == list("abcdefg")
    forward = [item for item in graph.connections if item not in feedback]
    assert all(position[item.from_node] < position[item.to_node] for item in forward)
    assert all(position[item.from_node] >= position[item.to_node] for item in feedback)


def ring_text(size: int) -> str:
    """The document of nodes that send to each other in a circle."""
    nodes = (f'"n{i}":{{"component":"double"}}' for i in range(size))
    wires = (
        f'{{"from":{{"nodeId":"n{i}","portId":"out"}},'
        f'"to":{{"nodeId":"n{(i + 1) % size}","portId":"in"}}}}'
        for i in range(size)
    )
    return f'{{"processes":{{{",".join(nodes)}}},"connections":[{",".join(wires)}]}}'


@pytest.mark.timeout(300)  # on two cores that others use, with coverage
def test_a_ring_of_a_hundred_thousand_nodes_is_loaded_and_validated_in_seconds() -> None:
    text = ring_text(100_000)

    started = time.process_time()
    graph = Graph.from_json(text)
    graph.add_initial("n0", "in", 1)
    problems = validate(graph, REGISTRY)
    seconds = time.process_time() - started

    assert [problem.where for problem in problems] == ["connection n99999.out -> n0.in"]
    assert seconds < 60  # about 5, and 20 with coverage


@pytest.mark.timeout(300)
def test_thousands_of_mistakes_are_found_in_seconds() -> None:
    graph = doubles(*(f"n{index}" for index in range(5_000)))
    for index in range(30_000):
        graph.add_connection(f"n{index % 10}", f"o{index}", f"m{index}", "in")

    started = time.process_time()
    problems = validate(graph, REGISTRY)
    seconds = time.process_time() - started

    assert sum(problem.severity == "error" for problem in problems) == 60_000
    assert seconds < 15  # about 1
