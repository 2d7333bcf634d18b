"""The row of a run that is to start: what both a single start and a bulk of them write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from engine.codec import dumps
from workflows.event_log import nudge_all
from workflows.hints import unhinted, wake
from workflows.models import Workflow, WorkflowVersion
from workflows.payloads import keep
from workflows.run_time import GRAPH, START, seconds_of
from workflows.selectors import workflows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

    from engine.graph import Graph
    from workflows.models import Execution
    from workflows.requests import StartRequest


def announce_later(rows: Sequence[Execution]) -> None:
    """Once the open transaction has committed, tell workers of these new runs, and Zeal.

    The rows are not saved yet, and say by then that it is done: so it takes no further statement.
    If the broker is away, once is enough to know it. The runs are stored whatever becomes of it.
    """
    for row in rows:
        row.hinted_at, row.hint_count = Now(), 1
    transaction.on_commit(lambda: _announce(rows), robust=True)


def _announce(rows: Sequence[Execution]) -> None:
    for number, row in enumerate(rows):
        nudge_all(row.pk)
        if not wake(row.pk):
            unhinted([left.pk for left in rows[number:]])
            return


def priorities_of(owner: User) -> range:
    """The priorities that this user may give to a run."""
    bound = 100 if owner.is_staff else settings.USER_PRIORITY
    return range(-bound, bound + 1)


def posted_version(owner: User, graph: Graph) -> WorkflowVersion:
    """The version of a graph that was posted without a workflow; equal graphs share one."""
    return WorkflowVersion.objects.get_or_create(
        owner=owner,
        workflow=None,
        checksum=graph.checksum(),
        # Called only for a new row, as Django documents and its types do not know.
        defaults={"graph": graph.to_json, "created_by": owner},  # type: ignore[misc]
    )[0]


def fill(
    execution: Execution, request: StartRequest, graph: Graph, warnings: tuple[str, ...]
) -> None:
    """Write a request into a row that is not saved yet. Needs the transaction that saves it."""
    execution.timeout_seconds = request.timeout_seconds or seconds_of(graph)
    if execution.timeout_seconds is not None:
        execution.timeout_set_by = GRAPH if request.timeout_seconds is None else START
    execution.execution_id = request.execution_id or str(execution.pk)
    execution.workflow_label = request.workflow_label
    if execution.workflow is None and request.workflow_label:
        execution.workflow = named_workflow(execution.owner, request.workflow_label)
    execution.input = keep(execution.pk, "input", request.input, execution.owner_id)
    execution.metadata = request.metadata
    execution.request_hash = request.digest
    execution.warnings = dumps(warnings)
    execution.idempotency_key = request.idempotency_key
    execution.webhook_url = request.webhook_url
    execution.priority = request.priority


def named_workflow(owner: User, label: str) -> Workflow | None:
    """A label is a workflow if its owner sees one of this id, id in Zeal, or name."""
    named = Q(name=label) | Q(zeal_id=label)
    if label.isascii() and label.isdigit():
        named |= Q(pk=int(label))
    return workflows_of(owner).filter(named).order_by("pk").first()
