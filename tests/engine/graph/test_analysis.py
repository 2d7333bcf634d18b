from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Graph
from engine.errors import GraphError
from engine.graph import analyze, reachable_from, reaching
from engine.graph.advice import Bottleneck, BottleneckKind
from engine.graph.cycles import Cycle
from engine.graph.paths import Branches, CriticalPath
from tests.engine.graph.samples import doubles

LETTERS = "abcdefgh"
PAIRS = st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS)), max_size=20)


def joined(names: str, *pairs: str) -> Graph:
    graph = doubles(*names)
    for pair in pairs:
        graph.add_connection(pair[0], "out", pair[1], "in")
    return graph


def test_a_diamond_has_three_stages_and_two_branches() -> None:
    found = analyze(joined("abcd", "ab", "ac", "bd", "cd"))

    assert found.stages == (("a",), ("b", "c"), ("d",))
    assert found.parallel_branches == (Branches("a", (("b",), ("c",))),)
    assert found.widest_stage == 2
    assert (found.sources, found.sinks) == (("a",), ("d",))
    assert found.critical_path == CriticalPath(("a", "b", "d"), 3)
    assert (found.cycles, found.suggestions) == ((), ())


def test_a_branch_is_followed_up_to_the_next_join_or_fork() -> None:
    found = analyze(joined("abcdefgh", "ab", "bc", "cd", "ae", "ef", "fg", "fh"))

    assert found.parallel_branches == (
        Branches("a", (("b", "c", "d"), ("e", "f"))),
        Branches("f", (("g",), ("h",))),
    )


def test_what_begins_apart_is_parallel_from_the_start() -> None:
    found = analyze(joined("abcd", "ab", "cd"))

    assert found.parallel_branches == (Branches("", (("a", "b"), ("c", "d"))),)
    assert found.parts == (("a", "b"), ("c", "d"))
    assert [item.code for item in found.suggestions] == ["separate_parts"]


def test_a_cycle_is_named_by_a_shortest_way_around_and_its_size() -> None:
    graph = joined("abcd", "ab", "bc", "cd", "da", "ca")

    found = analyze(graph)

    assert found.cycles == (Cycle(("a", "b", "c"), 4, intended=False),)
    assert [item.code for item in found.suggestions] == ["unmarked_cycle"]


def test_a_cycle_that_is_marked_is_intended() -> None:
    graph = joined("ab", "ab")
    graph.add_connection("b", "out", "a", "in", {"feedback": True})

    found = analyze(graph)

    assert found.cycles == (Cycle(("a", "b"), 2, intended=True),)
    assert found.suggestions == ()


def test_a_node_that_sends_to_itself_is_a_cycle() -> None:
    assert analyze(joined("a", "aa")).cycles == (Cycle(("a",), 1, intended=False),)


def test_what_no_message_reaches_and_what_never_ends_is_named() -> None:
    graph = joined("abcdef", "ab", "cd", "dc", "de", "af")
    graph.add_node("alone", "double")
    graph.add_connection("f", "out", "f", "in")

    found = analyze(graph)

    assert found.unreachable == ("c", "d", "e")
    assert found.endless == ("f",)
    assert found.orphans == ("alone",)


def test_measured_durations_decide_the_critical_path_and_the_advice() -> None:
    graph = joined("abcd", "ab", "ac", "bd", "cd")

    found = analyze(graph, {"a": 1, "c": 7.5, "d": 1.5})

    assert found.critical_path == CriticalPath(("a", "c", "d"), 10.0)
    assert found.weighted
    assert [(item.code, item.message) for item in found.suggestions] == [
        (
            "dominant_node",
            "c is 75% of the critical path: make it faster before anything else",
        )
    ]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"aa": 1}, "node 'aa': there is none (did you mean 'a'?)"),
        ({"a": -1}, "node 'a': its weight must be a number from 0 on, not -1"),
        ({"a": float("nan")}, "node 'a': its weight must be a number from 0 on, not nan"),
        ({"a": True}, "node 'a': its weight must be a number from 0 on, not True"),
    ],
)
def test_a_weight_that_cannot_be_is_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(GraphError) as caught:
        analyze(joined("ab", "ab"), weights)

    assert str(caught.value) == message


def test_long_rows_and_nodes_with_many_neighbours_are_bottlenecks() -> None:
    graph = joined("abcdef", "ab", "bc", "cd", "de", "ef")
    for number in range(9):
        graph.add_node(f"leaf{number}", "double")
        graph.add_connection("f", "out", f"leaf{number}", "in")

    found = analyze(graph)

    assert found.bottlenecks == (
        Bottleneck(BottleneckKind.HIGH_DEGREE, ("f",), 10),
        Bottleneck(BottleneckKind.SEQUENTIAL_CHAIN, tuple("abcdef"), 6),
    )
    assert [item.code for item in found.suggestions] == ["high_degree", "long_chain"]


def test_a_node_that_only_passes_messages_on_is_redundant_unless_it_is_public() -> None:
    graph = Graph()
    for name in ("in", "middle", "out"):
        graph.add_node(name, "tpl_passthrough")
    graph.add_connection("in", "output", "middle", "input")
    graph.add_connection("middle", "output", "out", "input")
    graph.add_inport("x", "in", "input")
    graph.add_outport("y", "out", "output")

    found = analyze(graph)

    assert [(item.code, item.nodes) for item in found.suggestions] == [
        ("redundant_node", ("middle",))
    ]


def test_an_empty_graph_can_be_analysed_and_written() -> None:
    found = analyze(Graph("nothing"))

    written = json.loads(json.dumps(found.as_dict()))

    assert written["name"] == "nothing"
    assert written["critical_path"] == {"nodes": [], "weight": 0.0}


def test_reach_goes_both_ways_and_through_cycles() -> None:
    graph = joined("abcde", "ab", "bc", "cb", "de")

    assert reachable_from(graph, "a") == ("a", "b", "c")
    assert reaching(graph, "c", "e") == ("a", "b", "c", "d", "e")


@given(PAIRS)
def test_the_report_agrees_with_a_simple_search(pairs: list[tuple[str, str]]) -> None:
    graph = joined(LETTERS, *("".join(pair) for pair in pairs))
    reach = {name: _after(name, set(pairs)) for name in LETTERS}

    found = analyze(graph)

    position = {name: index for index, name in enumerate(found.order)}
    stage = {name: number for number, names in enumerate(found.stages) for name in names}
    assert sorted(position) == sorted(stage) == list(LETTERS)
    for start, end in pairs:
        if start not in reach[end]:
            assert position[start] < position[end]
            assert stage[start] < stage[end]
    knots = {
        tuple(sorted(other for other in reach[name] if name in reach[other]))
        for name in LETTERS
        if name in reach[name]
    }
    assert sorted((knot[0], len(knot)) for knot in knots) == [
        (cycle.path[0], cycle.size) for cycle in found.cycles
    ]
    for cycle in found.cycles:
        ring = zip(cycle.path, (*cycle.path[1:], cycle.path[0]), strict=True)
        assert set(ring) <= set(pairs)
    assert sorted(sum(found.parts, ())) == list(LETTERS)
    assert found.critical_path.weight == len(found.stages)


def _after(start: str, pairs: set[tuple[str, str]]) -> set[str]:
    """The nodes behind a node; itself only if a cycle leads back to it."""
    found: set[str] = set()
    pending = [start]
    while pending:
        here = pending.pop()
        fresh = {end for begin, end in pairs if begin == here} - found
        found |= fresh
        pending += fresh
    return found


@pytest.mark.parametrize("shape", ["chain", "fan", "ring", "ladder"])
def test_a_hundred_thousand_nodes_are_analysed(shape: str) -> None:
    size = 100_000
    graph = Graph(shape)
    for number in range(size):
        graph.add_node(str(number), "double")
    for number in range(1, size):
        before = 0 if shape == "fan" else number - 1
        graph.add_connection(str(before), "out", str(number), "in")
        if shape == "ladder" and number > 1:
            graph.add_connection(str(number - 2), "out", str(number), "in")
    if shape == "ring":
        graph.add_connection(str(size - 1), "out", "0", "in")

    found = analyze(graph)

    assert len(found.order) == size
    assert [cycle.size for cycle in found.cycles] == ([size] if shape == "ring" else [])
    assert found.critical_path.weight == (2 if shape == "fan" else size)
