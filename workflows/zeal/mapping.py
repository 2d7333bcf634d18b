"""From a node of Zeal to the metadata of ours: its settings, and what only an editor needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.node_config import settings_of
from workflows.zeal.keys import value_of
from workflows.zeal.naming import MARK

if TYPE_CHECKING:
    from engine.actor import Actor
    from workflows.zeal.document import Node, ZealWorkflow

# What an editor draws a node with; kept for clients of the converted graph.
LOOKS = (
    "type",
    "subtitle",
    "category",
    "icon",
    "variant",
    "shape",
    "size",
    "ports",
    "requiredEnvVars",
)
RULES = "propertyRules"


def metadata_of(
    node: Node, canvas: str, actor: type[Actor] | None, workflow: str = ""
) -> dict[str, Any]:
    """The settings at the top, the place and title as our editor reads them, the rest under a mark.

    Args:
        workflow: the Zeal id of another workflow that the node belongs to.
    """
    settings = {key: value for key, value in node.settings.items() if key != MARK}
    layout: dict[str, Any] = {"label": node.title} if node.title else {}
    if node.position is not None:
        layout["position"] = {"x": node.position[0], "y": node.position[1]}
    names = _names(actor)
    rules = value_of(node.details, RULES)
    if rules is not None and RULES in names and RULES not in settings:
        settings[RULES] = rules
    kept = {key: value for key, value in layout.items() if key not in names}
    mark = {"id": node.id, "graph": canvas, "title": node.title, "templateId": node.template}
    looks = {key: value_of(node.details, key) for key in LOOKS}
    mark |= {key: value for key, value in looks.items() if value is not None}
    if workflow:
        mark["workflow"] = workflow
    return {**kept, **settings, MARK: mark}


def is_ours(workflow: ZealWorkflow, whole: ZealWorkflow) -> bool:
    """Whether a part belongs to the workflow itself, not to another one that it uses."""
    return workflow is whole


def _names(actor: type[Actor] | None) -> set[str]:
    if actor is None:
        return set()
    return {name for item in settings_of(actor.Config) for name in item.names}
