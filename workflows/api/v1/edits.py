"""Edits of a stored graph: each reads the current version, changes it, publishes the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from rest_framework.exceptions import NotFound

from engine.graph import Graph
from engine.messages import freeze
from workflows.selectors import workflows_of
from workflows.services import publish_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from workflows.models import WorkflowVersion

    Edit = Callable[[Graph], None]


def publish_edit(*, by: User, workflow_pk: int, edit: Edit) -> WorkflowVersion:
    """Make the edited graph the next version. Runs under way keep the version they have.

    The workflow is locked from the read on, so that of two edits at once none is lost.

    Raises:
        NotFound: the user has no such workflow, or it has no graph yet.
        GraphError: the edit does not fit the graph, or its result cannot run.
    """
    with transaction.atomic():
        # Without the join to the version: PostgreSQL would join the one from before the wait.
        locked = workflows_of(by).select_related(None).select_for_update()
        workflow = locked.filter(pk=workflow_pk).first()
        if workflow is None or workflow.current is None:
            raise NotFound("there is no such workflow")
        graph = Graph.from_json(workflow.current.graph)
        edit(graph)
        return publish_version(workflow=workflow, graph=graph, by=by)


def add_node(values: dict[str, Any]) -> Edit:
    def edit(graph: Graph) -> None:
        graph.add_node(values["id"], values["component"], values.get("metadata"))

    return edit


def change_node(node_id: str, values: dict[str, Any]) -> Edit:
    """Give a node another component or other settings."""

    def edit(graph: Graph) -> None:
        _require_node(graph, node_id)
        graph.nodes[node_id] = replace(graph.nodes[node_id], **freeze(values))

    return edit


def remove_node(node_id: str) -> Edit:
    """Remove a node and everything that is attached to it."""

    def edit(graph: Graph) -> None:
        _require_node(graph, node_id)
        graph.remove_node(node_id)

    return edit


def add_connection(values: dict[str, Any]) -> Edit:
    def edit(graph: Graph) -> None:
        graph.add_connection(**values)

    return edit


def remove_connection(values: dict[str, Any]) -> Edit:
    def edit(graph: Graph) -> None:
        graph.remove_connection(**values)

    return edit


def _require_node(graph: Graph, node_id: str) -> None:
    if node_id not in graph.nodes:
        raise NotFound(f"there is no node {node_id!r} in the graph")
