"""Which node of Zeal a node of a converted graph is, and problems in Zeal's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.graph.elements import NOTHING
from engine.messages import FrozenDict
from workflows.zeal.problems import ZealProblem, called

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.graph import Graph

MARK = "zeal"  # the key of our metadata under which Zeal's own facts stand


@dataclass(frozen=True, slots=True)
class ZealNode:
    """A node in Zeal: its id there, the id of its graph, its title, its template."""

    id: str
    graph: str
    title: str
    template: str


def zeal_node(graph: Graph, node: str) -> ZealNode | None:
    """The node of Zeal that a node of the graph came from; None if it came from none."""
    found = graph.nodes.get(node)
    mark = mark_of(found.metadata if found else None)
    if not _text(mark, "id"):
        return None
    texts = [_text(mark, key) for key in ("id", "graph", "title", "templateId")]
    return ZealNode(*texts)


def mark_of(metadata: FrozenDict | None) -> FrozenDict:
    """What metadata say of Zeal; anybody may have edited them."""
    mark = (metadata or NOTHING).get(MARK)
    return mark if isinstance(mark, FrozenDict) else NOTHING


def renamed(problem: Problem, graph: Graph) -> ZealProblem:
    """A problem of the graph, with the id and title that its node has in Zeal."""
    node = zeal_node(graph, problem.node)
    where, title, name, canvas = problem.where, "", problem.node, ""
    if node is not None:
        title, name, canvas = node.title, node.id, node.graph
        where = where.replace(f"node {problem.node!r}", called(node.id, node.title), 1)
    return ZealProblem(
        where,
        problem.message,
        problem.code,
        name,
        problem.port,
        problem.hint,
        problem.severity,
        title,
        canvas,
    )


def _text(holder: FrozenDict, key: str) -> str:
    value: Any = holder.get(key)
    return value if isinstance(value, str) else ""
