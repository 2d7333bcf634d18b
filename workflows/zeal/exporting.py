"""From a graph back to a Zeal workflow: the document it came from, with what was changed since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.messages import FrozenDict, thaw
from workflows.zeal.converting import KEPT, OURS, expanded
from workflows.zeal.merging import Merge
from workflows.zeal.problems import ZealError
from workflows.zeal.reading import read_workflow
from workflows.zeal.written import Written

if TYPE_CHECKING:
    from engine.graph import Graph
    from workflows.zeal.document import ZealWorkflow
    from workflows.zeal.problems import ZealProblem
    from workflows.zeal.target import Target


@dataclass(frozen=True, slots=True)
class Exported:
    """A Zeal workflow as plain JSON values, and what of the graph has no place in one."""

    document: dict[str, Any]
    warnings: tuple[ZealProblem, ...]


def from_graph(graph: Graph, target: Target, *, zeal_id: str = "") -> Exported:
    """The Zeal workflow of a graph.

    A graph that was converted and not changed gives the document it was converted from. What was
    changed, added or removed since is written into that document, and the rest of it left alone.
    A graph that never was in Zeal gives a new workflow.

    Args:
        zeal_id: the id of a workflow that has none.
    """
    workflow = read_kept(graph)
    document = _empty(graph, zeal_id) if workflow is None else thaw(workflow.document)
    workflow = workflow or read_workflow(document)
    base, origins = expanded(workflow, replace(target, lenient=True))
    merge = Merge(Written(document, workflow), base, origins, graph, target)
    merge.run()
    _name(document, base, graph)
    return Exported(document, tuple(merge.problems))


def read_kept(graph: Graph) -> ZealWorkflow | None:
    """The document that a graph was converted from; None if there is none, or a broken one."""
    kept = graph.properties.get(KEPT)
    if not isinstance(kept, FrozenDict):
        return None
    try:
        return read_workflow(kept)
    except ZealError:
        return None


def _empty(graph: Graph, zeal_id: str) -> dict[str, Any]:
    main = {"id": "main", "name": "Main", "namespace": "main", "isMain": True}
    lists: dict[str, list[Any]] = {"nodes": [], "connections": [], "groups": []}
    return {
        **({"id": zeal_id} if zeal_id else {}),
        "name": graph.name,
        "description": "",
        "activeGraphId": "main",
        "graphs": [{**main, **lists}],
    }


def _name(document: dict[str, Any], base: Graph, graph: Graph) -> None:
    """The name, and properties such as policies, which Zeal keeps in the workflow's metadata."""
    if graph.name != base.name:
        document["name"] = graph.name
    own = {key: value for key, value in graph.properties.items() if key not in ("name", KEPT)}
    before = {key: value for key, value in base.properties.items() if key not in ("name", KEPT)}
    if own != before:
        metadata = document.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        document["metadata"] = {**metadata, OURS: {"properties": thaw(own)}}
