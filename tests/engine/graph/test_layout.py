from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Graph
from engine.graph import Editor, arrange, layout
from engine.graph.layout import Position
from tests.engine.graph.samples import GRAPHS, doubles, sample

NAMES = [f"n{number}" for number in range(12)]
SIZES = st.sampled_from([None, 10, 200.5, 900, 0, -5, True, "wide", float("inf")])


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    graph = Graph()
    for name in NAMES:
        metadata = {"width": draw(SIZES), "height": draw(SIZES)}
        graph.add_node(name, "double", metadata)
    ends = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
    for start, end in draw(st.lists(ends, max_size=25)):
        graph.add_connection(start, "out", end, "in")
    return graph


@given(graphs())
def test_no_two_nodes_overlap_and_equal_graphs_look_equal(graph: Graph) -> None:
    places = layout(graph)

    assert list(places) == NAMES
    assert not any(one.overlaps(other) for one, other in combinations(places.values(), 2))
    assert layout(graph) == places


@pytest.mark.parametrize("name", GRAPHS)
def test_arranging_writes_places_into_metadata_and_is_one_edit(name: str) -> None:
    editor = Editor(Graph.from_json(sample(name)))
    before = editor.graph.to_json()

    arrange(editor)

    places = {key: (place.x, place.y) for key, place in layout(editor.graph).items()}
    written = {key: _place(node.metadata) for key, node in editor.graph.nodes.items()}
    assert written == places
    editor.undo()
    assert editor.graph.to_json() == before


def _place(metadata: Any) -> tuple[float, float]:
    return (metadata["x"], metadata["y"])


def test_messages_go_from_left_to_right_and_connections_do_not_cross() -> None:
    graph = doubles("a", "b", "c", "d")
    graph.add_connection("a", "out", "d", "in")
    graph.add_connection("b", "out", "c", "in")

    places = layout(graph)

    assert places == {
        "a": Position(0, 0, 160, 80),
        "b": Position(0, 120, 160, 80),
        "c": Position(240, 120, 160, 80),
        "d": Position(240, 0, 160, 80),
    }


def test_a_hundred_thousand_nodes_get_places_of_their_own() -> None:
    graph = Graph()
    for number in range(100_000):
        graph.add_node(str(number), "double")
        graph.add_connection(str(number // 3), "out", str(number), "in")

    places = layout(graph)

    assert len({(place.x, place.y) for place in places.values()}) == 100_000
