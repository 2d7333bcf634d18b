"""The pages of what happens when something fails: of a workflow, and of each of its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from engine.behaviour import Style, style_of
from engine.errors import ConfigError, GraphError
from engine.graph import Graph
from engine.graph.editing import Editor
from engine.graph.elements import NOTHING
from engine.node_config import build_config
from workflows import surroundings
from workflows.admin.caller import caller
from workflows.admin.drawing import policy_words
from workflows.admin.policy_form import GraphPolicyForm, NodePolicyForm
from workflows.api.v1.edits import publish_edit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse, QueryDict

    from engine.errors import Problem
    from engine.graph.elements import Node
    from workflows.models import Workflow

LISTED = 200  # nodes on the page; a search finds the others


def policy_page(request: HttpRequest, workflow: Workflow, context: dict[str, Any]) -> HttpResponse:
    """The properties of the graph and the list of its nodes; with ``?node=`` that node's policy."""
    graph = Graph.from_json(workflow.current.graph if workflow.current else "{}")
    context |= {"workflow": workflow, "here": _address(workflow)}
    name = request.GET.get("node")
    if name is None:
        return _graph_page(request, workflow, graph, context)
    if name not in graph.nodes:
        raise Http404
    return _node_page(request, workflow, graph.nodes[name], context)


def _graph_page(
    request: HttpRequest, workflow: Workflow, graph: Graph, context: dict[str, Any]
) -> HttpResponse:
    form = GraphPolicyForm(graph.properties, _sent(request))
    problems: tuple[Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        properties = form.properties()
        problems = _save(
            request,
            workflow,
            lambda editor: editor.set_properties(properties, replaced=True),
        )
        if not problems:
            return HttpResponseRedirect(_address(workflow))
    wanted = request.GET.get("q", "").strip()
    found = [node for node in graph.nodes.values() if _fits(node, wanted)]
    context |= {
        "form": form,
        "problems": problems,
        "q": wanted,
        "more": max(0, len(found) - LISTED),
        "nodes": [
            {
                "id": node.id,
                "component": node.component,
                "words": policy_words(node.metadata, node.id),
            }
            for node in found[:LISTED]
        ],
    }
    return TemplateResponse(request, "admin/workflows/workflow/policies.html", context)


def _node_page(
    request: HttpRequest, workflow: Workflow, node: Node, context: dict[str, Any]
) -> HttpResponse:
    metadata = dict(node.metadata or NOTHING)
    form = NodePolicyForm(metadata.get("policy"), _outports(node), _sent(request))
    problems: tuple[Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        policy = form.policy()
        metadata.pop("policy", None)
        if policy:
            metadata["policy"] = policy
        problems = _save(
            request,
            workflow,
            lambda editor: editor.set_node_metadata(node.id, metadata, replaced=True),
        )
        if not problems:
            return HttpResponseRedirect(_address(workflow))
    context |= {
        "form": form,
        "problems": problems,
        "node": node,
        "generator": _is_generator(node),
        "title": f"When {node.id} fails",
    }
    return TemplateResponse(request, "admin/workflows/workflow/policy.html", context)


def _save(
    request: HttpRequest, workflow: Workflow, edit: Callable[[Editor], None]
) -> tuple[Problem, ...]:
    """Make the edited graph the next version, or say what is wrong with it."""
    try:
        version = publish_edit(
            by=caller(request), workflow_pk=workflow.pk, edit=lambda graph: edit(Editor(graph))
        )
    except GraphError as error:
        return error.problems
    messages.success(request, f"Saved: {workflow.name} has version {version.number} now.")
    return ()


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _fits(node: Node, wanted: str) -> bool:
    return wanted.lower() in f"{node.id}\n{node.component}".lower()


def _outports(node: Node) -> list[str]:
    actor = surroundings.registry().get(node.component)
    if actor is None:
        return []
    try:
        config = build_config(actor.Config, node.metadata or NOTHING, node=node.id)
    except ConfigError:  # one of the graph's problems
        return [port.name for port in actor.outports]
    return [port.name for port in actor.outports_for(config)]


def _is_generator(node: Node) -> bool:
    actor = surroundings.registry().get(node.component)
    return actor is not None and style_of(actor) in (Style.GENERATOR, Style.ASYNC_GENERATOR)


def _address(workflow: Workflow) -> str:
    return reverse("admin:workflows_workflow_policies", args=(workflow.pk,))
