"""Workflows from documents, and documents of workflows: Zeal's format, ours, and YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from engine.errors import CodecError, GraphError, Problem
from engine.graph import Graph
from engine.graph.validation import GraphLimits, validate
from engine.strict_json import JSON_LIMITS, parse_json
from workflows import surroundings
from workflows.models import Workflow
from workflows.selectors import workflows_of
from workflows.services import create_workflow, publish_version, start_execution
from workflows.starts import named_workflow
from workflows.zeal.converting import convert_workflow
from workflows.zeal.exporting import from_graph, read_kept
from workflows.zeal.reading import is_zeal, read_workflow
from workflows.zeal.subgraphs import other_workflows

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from workflows.services import Start
    from workflows.zeal.converting import Converted
    from workflows.zeal.document import ZealWorkflow
    from workflows.zeal.exporting import Exported

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read and can run: its graph, and where it came from."""

    graph: Graph
    kind: str  # "zeal" or "reflow"
    warnings: tuple[Problem, ...]
    converted: Converted | None  # of a Zeal workflow

    @property
    def zeal_id(self) -> str:
        return self.converted.workflow.id[:LONGEST_NAME] if self.converted else ""

    @property
    def name(self) -> str:
        return (self.graph.name or self.zeal_id)[:LONGEST_NAME] or "imported workflow"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: ``changed`` is False if the workflow had this graph already."""

    workflow: Workflow
    created: bool
    changed: bool
    warnings: tuple[Problem, ...]


def read_any(*, owner: User, document: str | bytes | Mapping[str, Any]) -> Document:
    """Read a Zeal workflow or a graph of ours, whichever it is, as JSON or YAML.

    Raises:
        ZealError, GraphError: it is neither, or cannot run here.
    """
    parsed = document if isinstance(document, Mapping) else _parsed(document)
    if is_zeal(parsed):
        converted = convert_for(owner, parsed)
        return Document(converted.graph, "zeal", converted.warnings, converted)
    if "processes" not in parsed:
        message = "is neither a Zeal workflow (graphs) nor a graph of ours (processes)"
        raise GraphError([Problem("document", message, "unknown_format")])
    graph = Graph.from_json(parsed, limits=JSON_LIMITS)
    limits = GraphLimits(nodes=surroundings.limits().max_nodes)
    problems = validate(graph, surroundings.registry(), limits)
    if any(problem.severity == "error" for problem in problems):
        raise GraphError(problems)
    return Document(graph, "reflow", problems, None)


def _parsed(text: str | bytes) -> Mapping[str, Any]:
    """JSON, or the YAML that ``to_yaml`` writes."""
    start = text.lstrip()[:1]
    if start in ("{", b"{", "[", b"["):
        try:
            found = parse_json(text)
        except CodecError as error:
            raise GraphError([Problem("document", str(error), "not_json")]) from error
        if isinstance(found, Mapping):
            return found
        raise GraphError([Problem("document", "must be an object", "malformed")])
    return Graph.from_yaml(text, limits=JSON_LIMITS).to_dict()


def convert_for(owner: User, document: Mapping[str, Any] | str | bytes) -> Converted:
    """Convert a Zeal workflow; its sub-graphs may be those of the owner's other workflows.

    Raises:
        ZealError: it is no workflow, or cannot run here.
    """
    workflow = read_workflow(document)
    target = surroundings.zeal_target(_others(owner, workflow))
    return convert_workflow(workflow, target)


def _others(owner: User, workflow: ZealWorkflow) -> dict[str, ZealWorkflow]:
    """The workflows whose graphs this one uses, and those that they use, as they were imported."""
    found: dict[str, ZealWorkflow] = {}
    wanted = other_workflows(workflow)
    while wanted:
        rows = workflows_of(owner).filter(zeal_id__in=wanted)
        fresh = {row.zeal_id: kept for row in rows if (kept := kept_document(row)) is not None}
        found |= fresh
        inner = {name for kept in fresh.values() for name in other_workflows(kept)}
        wanted = inner - found.keys() - {workflow.id} - wanted
    return found


def kept_document(workflow: Workflow) -> ZealWorkflow | None:
    """The Zeal workflow that a stored one was imported from; None if it was not."""
    return None if workflow.current is None else read_kept(current_graph(workflow))


def import_workflow(
    *, owner: User, document: str | bytes | Mapping[str, Any] | Document
) -> Imported:
    """Keep a document as a workflow: a new one, or the next version of the one that it is.

    A Zeal workflow is known by its id in Zeal, a graph of ours by its name. The same document
    again changes nothing.

    Raises:
        ZealError, GraphError: it cannot run here; nothing is stored.
        NameTakenError: another import took the name at the same moment.
    """
    read = document if isinstance(document, Document) else read_any(owner=owner, document=document)
    rows = workflows_of(owner)
    found = rows.filter(zeal_id=read.zeal_id) if read.zeal_id else rows.filter(name=read.name)
    return _keep(owner, found.first(), read, read.name, read.zeal_id)


def publish_document(
    *, owner: User, workflow_id: str, document: Mapping[str, Any], zeal: bool
) -> Imported:
    """Make a document the current version of the workflow of this id, which is made if need be.

    The id is that of a workflow in Zeal, a number of ours, or a name.

    Raises:
        ZealError, GraphError: it cannot run here; nothing is stored.
    """
    if zeal:
        converted = convert_for(owner, document)
        read = Document(converted.graph, "zeal", converted.warnings, converted)
    else:
        graph = Graph.from_json(document, limits=JSON_LIMITS)
        read = Document(graph, "reflow", (), None)
    name = read.name if zeal else workflow_id
    found = named_workflow(owner, workflow_id)
    return _keep(owner, found, read, name, workflow_id if zeal else "")


def _keep(
    owner: User, workflow: Workflow | None, read: Document, name: str, zeal_id: str
) -> Imported:
    if workflow is None:
        made = _create(owner, read, name, zeal_id)
        return Imported(made, created=True, changed=True, warnings=read.warnings)
    before = workflow.current_id
    with transaction.atomic():
        publish_version(workflow=workflow, graph=read.graph, by=owner)
        if zeal_id and not workflow.zeal_id:
            Workflow.objects.filter(pk=workflow.pk).update(zeal_id=zeal_id)
            workflow.zeal_id = zeal_id
    changed = workflow.current_id != before
    return Imported(workflow, created=False, changed=changed, warnings=read.warnings)


def _create(owner: User, read: Document, name: str, zeal_id: str) -> Workflow:
    """Under its name; with its Zeal id behind it where the owner has one of this name."""
    description = read.converted.workflow.description if read.converted else ""
    names = [name, f"{name[:120]} ({zeal_id or read.graph.checksum()[:8]})"[:LONGEST_NAME]]
    taken = workflows_of(owner).filter(name=name).exists()
    return create_workflow(
        owner=owner,
        name=names[taken],
        graph=read.graph,
        description=description,
        zeal_id=zeal_id,
    )


def export_zeal(workflow: Workflow) -> Exported:
    """The Zeal workflow of the current version; ``warnings`` say what has no place in one.

    Raises:
        GraphError: it has no version yet.
    """
    graph = current_graph(workflow)
    kept = read_kept(graph)
    others = {} if kept is None else _others(workflow.owner, kept)
    zeal_id = workflow.zeal_id or f"reflow-{workflow.pk}"
    return from_graph(graph, surroundings.zeal_target(others), zeal_id=zeal_id)


def current_graph(workflow: Workflow) -> Graph:
    """The graph of the current version.

    Raises:
        GraphError: there is none yet.
    """
    if workflow.current is None:
        raise GraphError([Problem("workflow", "has no version yet", "no_version")])
    return Graph.from_json(workflow.current.graph)


def start_zeal(
    *,
    owner: User,
    document: Mapping[str, Any],
    input: Mapping[str, Any] | None = None,  # noqa: A002 -- the wire's word
    metadata: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
) -> Start:
    """Convert a Zeal workflow and start a run of it, labelled with its id in Zeal.

    Raises:
        ZealError: it cannot run here.
        InputError, ConflictError, AdmissionError: as ``start_execution``.
    """
    converted = convert_for(owner, document)
    label = {"workflow_id": converted.workflow.id} if converted.workflow.id else {}
    return start_execution(
        owner=owner,
        graph=converted.graph,
        input=input,
        metadata={**label, **(metadata or {})},
        idempotency_key=idempotency_key,
        source="zeal",
    )
