"""Reads that more than one caller needs; each starts from what the user may see."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, Sum

from workflows.compiled import compiled, first
from workflows.models import (
    IS_QUEUED,
    CircuitBreaker,
    DeadLetter,
    DoubtfulFiring,
    Execution,
    ExecutionEvent,
    LetterStatus,
    Status,
    WebhookDelivery,
    Workflow,
    WorkflowVersion,
)
from workflows.slots import IN_USE, full_users, slots_in_use
from workflows.workers import live_workers, quarantined_workers

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

    from workflows.compiled import Compiled


MOST_NAMED = 8  # nodes that a reason names
LONG = ("input", "metadata", "result", "warnings", "error")  # texts of a run, of any length

MOST_COUNTED = 1_000  # runs before one in the queue


def workflows_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Workflow]:
    """The workflows this user may see, with what a list shows of each."""
    return Workflow.objects.filter(owner_id=user.pk).select_related("owner", "current")


def workflow_to_run(user: AbstractBaseUser | AnonymousUser, pk: int) -> Workflow | None:
    """A workflow that this user may see, with what a start needs of its current version."""
    row = first(Workflow, _to_run(), {OWNER: user.pk, PK: pk})
    if row is not None and row.current_id is not None:
        names = ("id", *CURRENT)
        values = [row.current_id, *(getattr(row, f"current_{name}") for name in CURRENT)]
        row.current = WorkflowVersion.from_db(None, names, values)
    return row


OWNER, PK = -1, -2  # hold a place
CURRENT = ("number", "graph", "checksum")  # in the order of the model's columns


@cache
def _to_run() -> Compiled:
    rows = Workflow.objects.filter(owner_id=OWNER, pk=PK).order_by()
    return compiled(rows.annotate(**{f"current_{name}": F(f"current__{name}") for name in CURRENT}))


def versions_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[WorkflowVersion]:
    """The versions this user may see, those without a workflow too."""
    rows = WorkflowVersion.objects.filter(owner_id=user.pk)
    return rows.select_related("owner", "workflow", "created_by")


def executions_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Execution]:
    """The executions this user may see; the graph itself is read only where it is asked for."""
    rows = Execution.objects.filter(owner_id=user.pk)
    return rows.select_related("owner", "workflow", "version").defer("version__graph")


def dead_letters_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[DeadLetter]:
    """The dead letters this user may see, with the runs they are from and went into."""
    rows = DeadLetter.objects.filter(owner_id=user.pk)
    long = [f"{run}__{name}" for run in ("execution", "requeued_as") for name in LONG]
    return rows.select_related("execution", "workflow", "requeued_as").defer(*long)


def letter_groups(letters: QuerySet[DeadLetter]) -> QuerySet[DeadLetter, Any]:
    """Letters by cause, those with the most open ones first."""
    groups = letters.order_by().values("fingerprint", "code", "node")
    found = groups.annotate(
        open=Count("pk", filter=Q(status=LetterStatus.OPEN)),
        requeued=Count("pk", filter=Q(status=LetterStatus.REQUEUED)),
        discarded=Count("pk", filter=Q(status=LetterStatus.DISCARDED)),
        count=Count("pk"),
        error=Min("error"),
        first_at=Min("created_at"),
        last_at=Max("created_at"),
    )
    return found.order_by("-open", "-count", "fingerprint")


def deliveries_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[WebhookDelivery]:
    """The webhook deliveries this user may see, without the headers: they hold secrets."""
    rows = WebhookDelivery.objects.filter(owner_id=user.pk)
    return rows.select_related("execution").defer("headers", "execution__input")


def breakers_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[CircuitBreaker]:
    """The circuit breakers of this user that have ever counted a failure."""
    return CircuitBreaker.objects.filter(owner_id=user.pk)


def events_after(
    execution: Execution, seq: int = 0, limit: int | None = None
) -> QuerySet[ExecutionEvent]:
    """The next page of a run's events; ``limit`` defaults to ``EVENT_PAGE``."""
    rows = execution.stored_events.filter(seq__gt=seq).order_by("seq")
    return rows[: settings.EVENT_PAGE if limit is None else limit]


def waiting_reason(execution: Execution) -> str:
    """Why a queued, paused or waiting run does not go on, in words for its owner; else empty."""
    if execution.status == Status.PAUSED:
        where = f"; it is kept in the memory of {execution.worker}" if execution.worker else ""
        return f"paused by {execution.pause_by}{where}; resume it, and it goes on"
    if execution.status == Status.WAITING:
        return _doubts_of(execution)
    if execution.status != Status.QUEUED:
        return ""
    slots = live_workers().aggregate(total=Sum("slots"))["total"]
    if not slots and quarantined_workers().exists():
        return "the worker has lost too many runs and rests for a minute"
    if not slots:
        return "no worker is running; it starts as soon as one is"
    if reason := _no_slot(execution.workflow):
        return reason
    if execution.owner_id in full_users():
        return f"{settings.RUN_LIMIT_USER} runs of its user go already (limit: RUN_LIMIT_USER)"
    running = Execution.objects.filter(IN_USE).count()
    ahead = _ahead(execution)
    if running >= slots:
        return f"all {slots} places of the workers are busy; {ahead}"
    if execution.hinted_at is None:
        return "the broker has not taken its message yet; the keeper goes on offering it"
    return f"a worker was told of it; {ahead}"


def _doubts_of(execution: Execution) -> str:
    """What a waiting run waits for."""
    rows = DoubtfulFiring.objects.filter(execution=execution, action="")
    nodes = list(rows.order_by("pk").values_list("node", flat=True))
    names = list(dict.fromkeys(nodes))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    count = "1 firing is" if len(nodes) == 1 else f"{len(nodes)} firings are"
    where = f"{', '.join(names[:MOST_NAMED])}{more}"
    return f"{count} in doubt since its worker was lost ({where}): say what becomes of it"


def _no_slot(workflow: Workflow | None) -> str:
    if workflow is None or workflow.max_concurrent is None:
        return ""
    used, limit = slots_in_use(workflow.pk), workflow.max_concurrent
    if used < limit:
        return ""
    return f"waits for a slot of workflow {workflow.name} ({used} of {limit} used)"


def _ahead(execution: Execution) -> str:
    """How many are before it; a long queue is not counted to its end."""
    sooner = Q(priority__gt=execution.priority) | Q(
        priority=execution.priority, created_at__lt=execution.created_at
    )
    rows = Execution.objects.filter(sooner, IS_QUEUED).order_by()
    count = rows[: MOST_COUNTED + 1].count()
    if count > MOST_COUNTED:
        return f"more than {MOST_COUNTED:,} runs are before it"
    return f"{count} {'run is' if count == 1 else 'runs are'} before it"
