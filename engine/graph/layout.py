"""Where the nodes of a graph stand on a screen: stages from left to right, nothing overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from engine.graph.adjacency import Adjacency
from engine.graph.elements import NOTHING
from engine.graph.paths import levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.graph.editing import Editor
    from engine.graph.elements import Node
    from engine.graph.model import Graph

SWEEPS = 4  # there and back twice: more hardly moves anything
LARGEST = 10_000.0  # a node that says it is wider or higher is not believed


@dataclass(frozen=True, slots=True)
class Spacing:
    """In the units of the editor, which are pixels in most."""

    width: float = 160.0  # of a node whose metadata does not say it
    height: float = 80.0
    between_stages: float = 80.0
    between_nodes: float = 40.0


@dataclass(frozen=True, slots=True)
class Position:
    """The upper left corner of a node, and its size."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Position) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


DEFAULT_SPACING = Spacing()


def layout(graph: Graph, spacing: Spacing = DEFAULT_SPACING) -> dict[str, Position]:
    """A place for every node; equal graphs get equal places.

    A node keeps the ``width`` and ``height`` of its metadata. Within a stage nodes stand near those
    that send to them, so that few connections cross.
    """
    adjacency = Adjacency.of(graph)
    nodes = [graph.nodes[name] for name in adjacency.names]
    sizes = [_size(node, spacing) for node in nodes]
    places: dict[str, Position] = {}
    x = 0.0
    for column in _columns(adjacency):
        y = 0.0
        for number in column:
            width, height = sizes[number]
            places[adjacency.names[number]] = Position(x, y, width, height)
            y += height + spacing.between_nodes
        x += max(sizes[number][0] for number in column) + spacing.between_stages
    return {name: places[name] for name in adjacency.names}


def arrange(editor: Editor, spacing: Spacing = DEFAULT_SPACING) -> None:
    """Lay the graph out and write ``x`` and ``y`` into the metadata of its nodes, as one edit."""
    places = layout(editor.graph, spacing)
    with editor.transaction("layout"):
        for name, place in places.items():
            editor.set_node_metadata(name, {"x": place.x, "y": place.y})


def _size(node: Node, spacing: Spacing) -> tuple[float, float]:
    metadata = node.metadata or NOTHING
    width = _length(metadata.get("width"), spacing.width)
    return width, _length(metadata.get("height"), spacing.height)


def _length(given: object, default: float) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return default
    return float(given) if isfinite(given) and 0 < given <= LARGEST else default


def _columns(adjacency: Adjacency) -> list[list[int]]:
    columns: dict[int, list[int]] = {}
    for node, level in enumerate(levels(adjacency)):
        columns.setdefault(level, []).append(node)
    ordered = [columns[level] for level in sorted(columns)]
    row = [0.0] * len(adjacency.names)  # of each node, its place in its column
    for column in ordered:
        _number(column, row)
    for sweep in range(SWEEPS):
        back = sweep % 2 == 1
        neighbours = adjacency.forward if back else adjacency.backward
        for column in reversed(ordered) if back else ordered:
            column.sort(key=lambda node: _middle(node, neighbours[node], row))
            _number(column, row)
    return ordered


def _number(column: Sequence[int], row: list[float]) -> None:
    for place, node in enumerate(column):
        row[node] = place


def _middle(node: int, neighbours: Sequence[int], row: Sequence[float]) -> float:
    """Where a node would like to stand: in the middle of its neighbours, else where it is."""
    if not neighbours:
        return row[node]
    return sum(row[other] for other in neighbours) / len(neighbours)
