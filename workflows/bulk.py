"""Many starts of one graph in one call: an answer for each item, one transaction for all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction

from engine.errors import InputError
from engine.graph import Graph
from workflows import surroundings
from workflows.admission import room
from workflows.errors import AdmissionError, ConflictError, ExecutionConflictError
from workflows.inputs import distribute
from workflows.models import Execution, WhenFull
from workflows.requests import Caller, read_request
from workflows.services import checked_graph, start_execution
from workflows.starts import announce_later, fill, posted_version, priorities_of
from workflows.workers import free_hands

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.contrib.auth.models import User

    from workflows.models import Workflow, WorkflowVersion
    from workflows.requests import StartRequest

ROWS_A_STATEMENT = 200


@dataclass(frozen=True, slots=True)
class Item:
    """What one run of the bulk is given."""

    input: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    execution_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one item: a run, new or from before, or the reason why there is none."""

    execution: Execution | None = None
    created: bool = False
    warnings: tuple[str, ...] = ()
    error: str = ""
    code: str = ""


@dataclass(slots=True)
class _Bulk:
    """The items on their way: requests that still need a row, and the answers so far."""

    owner: User
    graph: Graph
    version: WorkflowVersion | None
    workflow: Workflow | None
    source: str
    answers: dict[int, Answer] = field(default_factory=dict)
    requests: dict[int, StartRequest] = field(default_factory=dict)
    warnings: dict[int, tuple[str, ...]] = field(default_factory=dict)


def start_executions(
    *,
    owner: User,
    items: Sequence[Item],
    graph: Graph | None = None,
    version: WorkflowVersion | None = None,
    workflow: Workflow | None = None,
    source: str = "api",
) -> list[Answer]:
    """Queue a run for each item, as many as the limits let in; the rest is refused, last first.

    An item with an ``execution_id`` that is known answers the earlier run.

    Raises:
        GraphError: the graph cannot run; nothing is stored.
        AdmissionError: there are more items than ``BULK_LIMIT``.
    """
    if len(items) > settings.BULK_LIMIT:
        text = f"{len(items)} items, more than {settings.BULK_LIMIT} (limit: BULK_LIMIT)"
        raise AdmissionError(text, "bulk_too_large")
    if workflow is not None and version is None:
        version = workflow.current
    parsed = graph if version is None else Graph.from_json(version.graph)
    if parsed is None:
        raise ValueError("start_executions needs a graph, a version or a published workflow")
    checked_graph(parsed)
    bulk = _Bulk(owner, parsed, version, workflow, source)
    if _needs_a_look_each(workflow, items):
        _one_by_one(bulk, items)
    else:
        _read(bulk, items)
        _store(bulk)
    return [bulk.answers[number] for number in range(len(items))]


def _needs_a_look_each(workflow: Workflow | None, items: Iterable[Item]) -> bool:
    """The policies reject and replace, and labels that may stand for such a workflow."""
    if workflow is not None:
        return workflow.when_full != WhenFull.QUEUE
    return any("workflow_id" in (item.metadata or {}) for item in items)


def _one_by_one(bulk: _Bulk, items: Iterable[Item]) -> None:
    for number, item in enumerate(items):
        try:
            started = start_execution(
                owner=bulk.owner,
                graph=bulk.graph,
                version=bulk.version,
                workflow=bulk.workflow,
                input=item.input,
                metadata=item.metadata,
                execution_id=item.execution_id,
                source=bulk.source,
            )
        except (InputError, ConflictError, AdmissionError) as error:
            bulk.answers[number] = _refused(error)
        else:
            answer = Answer(started.execution, started.created, started.warnings)
            bulk.answers[number] = answer


def _read(bulk: _Bulk, items: Iterable[Item]) -> None:
    registry = surroundings.registry()
    checksum = bulk.version.checksum if bulk.version else bulk.graph.checksum()
    caller = Caller(priorities=priorities_of(bulk.owner))
    seen: dict[str, int] = {}
    for number, item in enumerate(items):
        try:
            request = read_request(checksum, item.input, item.metadata, item.execution_id, caller)
            given = distribute(bulk.graph, registry, json.loads(request.input))
            if request.execution_id in seen:
                raise ExecutionConflictError(request.execution_id)
        except (InputError, ConflictError) as error:
            bulk.answers[number] = _refused(error)
            continue
        if request.execution_id:
            seen[request.execution_id] = number
        bulk.requests[number], bulk.warnings[number] = request, given.warnings


def _store(bulk: _Bulk) -> None:
    try:
        _store_once(bulk)
    except IntegrityError:  # an id was taken at the same moment: now it is a run from before
        _store_once(bulk)


def _store_once(bulk: _Bulk) -> None:
    _answer_earlier(bulk)
    with transaction.atomic():
        left = room(bulk.owner)
        version = bulk.version or posted_version(bulk.owner, bulk.graph)
        rows: dict[int, Execution] = {}
        for number, request in bulk.requests.items():
            if number in bulk.answers or len(rows) == left.count:
                continue
            row = Execution(owner=bulk.owner, workflow=bulk.workflow, source=bulk.source)
            row.version = version
            fill(row, request, bulk.graph, bulk.warnings[number])
            rows[number] = row
        announce_later(list(rows.values())[: free_hands()])
        Execution.objects.bulk_create(rows.values(), batch_size=ROWS_A_STATEMENT)
    for number in bulk.requests:
        if number in rows:
            answer = Answer(rows[number], created=True, warnings=bulk.warnings[number])
            bulk.answers[number] = answer
        elif number not in bulk.answers:
            bulk.answers[number] = _refused(left.error())


def _answer_earlier(bulk: _Bulk) -> None:
    """Ids that are known stand for the runs they name."""
    by_id = {
        request.execution_id: n for n, request in bulk.requests.items() if request.execution_id
    }
    earlier = Execution.objects.filter(owner=bulk.owner, execution_id__in=by_id)
    for row in earlier.select_related("version"):
        number = by_id[row.execution_id]
        if row.request_hash == bulk.requests[number].digest:
            warnings = tuple(json.loads(row.warnings))
            bulk.answers[number] = Answer(row, created=False, warnings=warnings)
        else:
            bulk.answers[number] = _refused(ExecutionConflictError(row.execution_id))


def _refused(error: InputError | ConflictError | AdmissionError) -> Answer:
    return Answer(error=str(error), code=error.code)
