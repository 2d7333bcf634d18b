"""Which other workflows a workflow uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.zeal.places import detail_of
from workflows.zeal.target import SUBGRAPH

if TYPE_CHECKING:
    from workflows.zeal.document import ZealWorkflow


def other_workflows(workflow: ZealWorkflow) -> set[str]:
    """The Zeal ids of workflows whose graphs stand as sub-graphs in this one."""
    nodes = (node for graph in workflow.graphs for node in graph.nodes)
    named = {detail_of(node, "workflowId") for node in nodes if node.template == SUBGRAPH}
    return named - {"", workflow.id}
