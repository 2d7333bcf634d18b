"""What a user can do: keep workflows, publish versions, start executions and cancel them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from engine.events import Cancelled
from engine.graph import Graph
from engine.graph.validation import check
from workflows import deliveries, surroundings
from workflows.admission import admit, check_queue
from workflows.closing import close
from workflows.errors import ExecutionConflictError, IdempotencyConflictError, NameTakenError
from workflows.event_log import append
from workflows.event_rows import clean
from workflows.inputs import distribute
from workflows.lifecycle import move
from workflows.models import Execution, Status, WhenFull, Workflow, WorkflowVersion
from workflows.requests import Caller, read_request
from workflows.run_time import seconds_of
from workflows.starts import announce_later, fill, posted_version, priorities_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from engine.graph import GraphLimits
    from engine.registry import Registry
    from workflows.models import WebhookDelivery
    from workflows.requests import StartRequest

    GraphLike = Graph | Mapping[str, Any] | str | bytes

__all__ = [
    "ExecutionConflictError",
    "NameTakenError",
    "Start",
    "cancel_execution",
    "checked_graph",
    "create_workflow",
    "pin_execution",
    "publish_version",
    "redeliver_webhook",
    "start_execution",
    "update_workflow",
]


@dataclass(frozen=True, slots=True)
class Start:
    """What ``start_execution`` did; ``created`` is False for a request that was there before."""

    execution: Execution
    created: bool
    warnings: tuple[str, ...]


def create_workflow(
    *,
    owner: User,
    name: str,
    graph: GraphLike,
    description: str = "",
    when_full: str = WhenFull.QUEUE,
    zeal_id: str = "",
    **limits: int | None,
) -> Workflow:
    """Keep a graph under a name, as version 1; ``limits`` as in ``update_workflow``.

    Raises:
        GraphError: the graph cannot run; nothing is stored.
        NameTakenError: the owner has a workflow of this name.
    """
    checked = checked_graph(graph)
    try:
        with transaction.atomic():
            workflow = Workflow.objects.create(
                owner=owner,
                name=name,
                description=description,
                when_full=when_full,
                zeal_id=zeal_id,
                **limits,
            )
            _publish(workflow, checked, owner)
    except IntegrityError as error:
        raise NameTakenError(name) from error
    return workflow


def update_workflow(
    *,
    workflow: Workflow,
    by: User,
    name: str | None = None,
    description: str | None = None,
    archived: bool | None = None,
    graph: GraphLike | None = None,
    when_full: str | None = None,
    **limits: int | None,
) -> Workflow:
    """Change what is given; a graph that differs from the current one becomes a version.

    ``limits`` are ``max_concurrent``, ``keep_days`` and ``keep_runs``; None takes one away.

    Raises:
        GraphError: the graph cannot run; nothing is stored.
        NameTakenError: the owner has another workflow of this name.
    """
    checked = None if graph is None else checked_graph(graph)
    given: dict[str, Any] = {
        "name": name,
        "description": description,
        "archived": archived,
        "when_full": when_full,
    }
    changes = {field: value for field, value in given.items() if value is not None} | limits
    for field, value in changes.items():
        setattr(workflow, field, value)
    try:
        with transaction.atomic():
            workflow.save(update_fields=[*changes, "updated_at"])
            if checked is not None:
                _publish(workflow, checked, by)
    except IntegrityError as error:
        raise NameTakenError(workflow.name) from error
    return workflow


def publish_version(*, workflow: Workflow, graph: GraphLike, by: User) -> WorkflowVersion:
    """Make this graph the workflow's current version; the same graph again changes nothing.

    Raises:
        GraphError: the graph cannot run; nothing is stored.
    """
    checked = checked_graph(graph)
    with transaction.atomic():
        return _publish(workflow, checked, by)


def _publish(workflow: Workflow, graph: Graph, by: User) -> WorkflowVersion:
    """Needs an open transaction: the workflow's row is locked, so that numbers have no gap."""
    # Not joined with its version: PostgreSQL would join the one from before the wait.
    current = Workflow.objects.select_for_update().get(pk=workflow.pk).current
    checksum = graph.checksum()
    if current is None or current.checksum != checksum:
        last = workflow.versions.aggregate(last=Max("number"))["last"] or 0
        current = WorkflowVersion.objects.create(
            owner_id=workflow.owner_id,
            workflow=workflow,
            number=last + 1,
            graph=graph.to_json(),
            checksum=checksum,
            created_by=by,
        )
        Workflow.objects.filter(pk=workflow.pk).update(current=current, updated_at=Now())
    workflow.current = current
    return current


def checked_graph(graph: GraphLike) -> Graph:
    """The graph, if it can run here.

    Raises:
        GraphError: with every problem.
    """
    parsed = graph if isinstance(graph, Graph) else Graph.from_json(graph)
    check(parsed, surroundings.registry(), surroundings.graph_limits())
    seconds_of(parsed)
    return parsed


KEPT_CHARACTERS = 128 * 1024


def _checked_version(text: str) -> Graph:
    """The graph of a version, as ``checked_graph`` does; a small one is not read anew each time."""
    if len(text) > KEPT_CHARACTERS:
        return checked_graph(text)
    return _checked_once(text, surroundings.registry(), surroundings.graph_limits())


@lru_cache(maxsize=32)
def _checked_once(text: str, _registry: Registry, _limits: GraphLimits) -> Graph:
    return checked_graph(text)


def start_execution(
    *,
    owner: User,
    graph: GraphLike | None = None,
    version: WorkflowVersion | None = None,
    workflow: Workflow | None = None,
    input: Mapping[str, Any] | None = None,  # noqa: A002 -- the wire's word
    metadata: Mapping[str, Any] | None = None,
    execution_id: str = "",
    idempotency_key: str = "",
    source: str = "api",
) -> Start:
    """Record a run of a graph, of a version or of a workflow's current version, and queue it.

    Asked twice with one ``execution_id`` or ``idempotency_key`` and the same content, it answers
    the first run.

    Raises:
        GraphError: the graph cannot run.
        InputError: the input, the metadata or the id is wrong.
        ConflictError: the id or the key was used with other content.
        AdmissionError: a limit says that no further run may be queued now.
    """
    if workflow is not None and version is None:
        version = workflow.current
    given = graph if version is None else version
    if given is None:
        raise ValueError("start_execution needs a graph, a version or a published workflow")
    if not isinstance(given, Graph | WorkflowVersion):
        given = Graph.from_json(given)
    checksum = given.checksum() if isinstance(given, Graph) else given.checksum
    caller = Caller(idempotency_key, priorities_of(owner))
    request = read_request(checksum, input, metadata, execution_id, caller)
    earlier = _earlier(owner, request)
    if earlier is not None:
        return earlier
    parsed = checked_graph(given) if isinstance(given, Graph) else _checked_version(given.graph)
    warnings = distribute(parsed, surroundings.registry(), json.loads(request.input)).warnings
    check_queue(owner)
    row = Execution(owner=owner, workflow=workflow, source=source)
    return _stored(row, version, request, parsed, warnings)


def _stored(
    row: Execution,
    version: WorkflowVersion | None,
    request: StartRequest,
    graph: Graph,
    warnings: tuple[str, ...],
) -> Start:
    """Save the row; a second time if retention has just removed the posted graph."""
    for tries_left in (1, 0):
        try:
            with transaction.atomic():
                row.version = version or posted_version(row.owner, graph)
                _record(row, request, graph, warnings)
            break
        except IntegrityError:
            earlier = _earlier(row.owner, request)  # the same id or key at the same moment
            if earlier is not None:
                return earlier
            if not tries_left:
                raise
    return Start(row, created=True, warnings=warnings)


def _earlier(owner: User, request: StartRequest) -> Start | None:
    """The run that this id or key stands for already."""
    if not (request.execution_id or request.idempotency_key):
        return None
    rows = Execution.objects.filter(owner=owner).select_related("version")
    execution = _found(rows, request)
    if execution is None:
        return None
    return Start(execution, created=False, warnings=tuple(json.loads(execution.warnings)))


def _found(rows: QuerySet[Execution], request: StartRequest) -> Execution | None:
    of_id = of_key = None
    if request.execution_id:
        of_id = rows.filter(execution_id=request.execution_id).first()
        if of_id is not None and of_id.request_hash != request.digest:
            raise ExecutionConflictError(request.execution_id)
    if request.idempotency_key:
        of_key = rows.filter(idempotency_key=request.idempotency_key).first()
        other = bool(request.execution_id) and of_key != of_id
        if of_key is not None and (of_key.request_hash != request.digest or other):
            raise IdempotencyConflictError
    return of_id or of_key


def _record(
    execution: Execution, request: StartRequest, graph: Graph, warnings: tuple[str, ...]
) -> None:
    fill(execution, request, graph, warnings)
    replaced = admit(execution.workflow)
    announce_later([execution])
    execution.save(force_insert=True)
    for old in replaced:
        reason = f"replaced by {execution.execution_id} (policy: replace)"
        cancel_execution(execution=old, by="admission", reason=reason)


def redeliver_webhook(*, delivery: WebhookDelivery) -> None:
    """Send a webhook again, whatever came of it before."""
    deliveries.redeliver(delivery)


def pin_execution(*, execution: Execution, pinned: bool) -> None:
    """Keep a run and its events for ever, or let retention have them again."""
    Execution.objects.filter(pk=execution.pk).update(pinned=pinned)
    execution.pinned = pinned


def cancel_execution(*, execution: Execution, by: User | str, reason: str = "") -> Status:
    """Stop a run: at once if nothing runs it, else by a flag that its worker reads each second.

    Returns:
        The status after it; that of a run which is over does not change.
    """
    name, reason = clean(str(by))[:150], clean(reason)
    requested: dict[str, Any] = {
        "cancel_requested_at": Now(),
        "cancel_by": name,
        "cancel_reason": reason,
    }
    with transaction.atomic():
        row = Execution.objects.select_for_update().get(pk=execution.pk)
        if row.is_held:
            if row.cancel_requested_at is None:
                Execution.objects.filter(pk=row.pk).update(**requested)
        elif not row.is_over:
            move(row.pk, Status.CANCELLED, **requested)
            close(row.pk)
            append(row.pk, None, [Cancelled(timestamp=time.time(), by=name, reason=reason)])
            return Status.CANCELLED
    return Status(row.status)
