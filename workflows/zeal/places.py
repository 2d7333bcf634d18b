"""Where the graphs of a workflow stand in the one graph, and what each element of it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.zeal.keys import value_of

if TYPE_CHECKING:
    from workflows.zeal.document import Canvas, Node, ZealWorkflow

End = tuple[str, str]  # a node of the graph, and its port


@dataclass(slots=True)
class Place:
    """One canvas put into the graph, its nodes under a prefix."""

    prefix: str
    canvas: Canvas
    workflow: ZealWorkflow
    path: tuple[tuple[str, str], ...]  # workflow and canvas, of this place and those around it
    nodes: dict[str, Node] = field(default_factory=dict)
    packets: dict[str, Any] = field(default_factory=dict)  # widget -> its message, tagged
    children: dict[str, Place] = field(default_factory=dict)  # node or canvas -> sub-graph
    broken: set[str] = field(default_factory=set)  # nodes of which a problem was told


@dataclass(slots=True)
class Origins:
    """What each element of the graph was in the document; what is not here was derived."""

    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)  # -> canvas, node
    connections: dict[tuple[str, ...], tuple[str, int]] = field(default_factory=dict)
    derived: set[tuple[str, ...]] = field(default_factory=set)  # connections without one in Zeal
    packets: list[tuple[str, str, int] | None] = field(default_factory=list)  # -> widget, number
    canvases: dict[str, str] = field(default_factory=dict)  # prefix -> canvas
    parents: dict[str, End] = field(default_factory=dict)  # prefix -> prefix around it, node
    foreign: set[str] = field(default_factory=set)  # prefixes of other workflows' graphs
    groups: dict[str, tuple[str, str]] = field(default_factory=dict)  # -> canvas, group


def detail_of(node: Node, key: str) -> str:
    """A fact of a sub-graph node, from its details or its settings."""
    for holder in (node.details, node.settings):
        found = value_of(holder, key)
        if isinstance(found, str):
            return found
    return ""


def public_name(node: Node, setting: str) -> str:
    """The name of a graph's input or output: as it was set, else the title, else the id."""
    named = value_of(node.settings, setting)
    return named if isinstance(named, str) and named else node.title or node.id
