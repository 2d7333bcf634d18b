"""How an execution's status may change: one table, and one conditional UPDATE that obeys it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce, Now

from workflows import outbox
from workflows.compiled import compiled, first
from workflows.models import HELD, IS_QUEUED, TERMINAL, Execution, Status
from workflows.run_time import limit_text
from workflows.slots import full_users, full_workflows, lock_slots, slots_in_use
from workflows.workers import avoided_by, from_now, takes_runs

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from workflows.compiled import Compiled

ALLOWED_FROM: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.PAUSED, Status.WAITING}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.PAUSED}),
    # From paused too: the worker that held it gives it back.
    Status.PAUSED: frozenset({Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.WAITING}),
    Status.WAITING: HELD,
    Status.COMPLETED: HELD,  # its last firing may end while it is being paused
    Status.FAILED: frozenset({Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.WAITING}),
    Status.CANCELLED: frozenset({Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.WAITING}),
}


NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that a worker has taken; its writes count as long as ``token`` is the row's."""

    pk: UUID
    execution_id: str
    token: int
    time_limit: str = field(default="", compare=False)  # how long it may take, and who says so


def move(pk: UUID, to: Status, *, held: int | None = None, **columns: Any) -> bool:
    """Compare-and-set the status, as ``set_status`` does.

    An end puts the run's webhook into the outbox as well, which needs an open transaction.
    """
    moved = set_status(pk, to, held=held, **columns)
    if moved and to in TERMINAL:
        outbox.put(pk)
    return moved


def set_status(pk: UUID, to: Status, *, held: int | None = None, **columns: Any) -> bool:
    """Compare-and-set the status, with other columns in the same statement.

    ``held`` is the token of the caller's claim; None for a caller that holds none.

    Returns:
        False if the row was in no status that allows it, or is claimed by another.
    """
    rows = Execution.objects.filter(pk=pk, status__in=ALLOWED_FROM[to])
    if held is not None:
        rows = rows.filter(token=held)
    if to is Status.RUNNING:
        columns.setdefault("started_at", Coalesce("started_at", Now()))
    else:
        columns.setdefault("lease_until", None)
    if to in TERMINAL:
        columns["finished_at"] = Now()
    return bool(rows.update(status=to, **columns))


def claim_next(
    worker: str, pid: int, *, hinted: UUID | None = None, avoid: Collection[UUID] = ()
) -> Claim | None:
    """Take the best row that may start now; None if there is none.

    The highest priority goes first, then the oldest, and the hinted one among equals; not one
    whose workflow has no free slot (``Workflow.max_concurrent``) or whose owner has none
    (``RUN_LIMIT_USER``, which claims at the same moment may pass by their number). A worker
    that is stopping or in quarantine takes nothing, and none takes what it has just lost if
    another can.
    """
    full: set[int] = set()
    while True:
        found = _pick(worker, pid, hinted, avoid, full)
        if not isinstance(found, int):
            return found
        claim = _pick_of(found, worker, pid, avoid)
        if claim is not None:
            return claim
        full.add(found)  # or another worker has just taken the last of its rows


def _pick(
    worker: str, pid: int, hinted: UUID | None, avoid: Collection[UUID], full: Collection[int]
) -> Claim | int | None:
    """Take the best row; the id of its workflow instead, if that gives out slots."""
    with transaction.atomic():
        if avoid or full:
            row = _best(worker, hinted or NOBODY, avoid).exclude(workflow_id__in=full).first()
        else:
            row = _best_compiled(worker, hinted or NOBODY)
        if row is None:
            return None
        return _take(row, worker, pid) if row.slots is None else row.workflow_id


def _best(worker: str, hinted: UUID, avoid: Collection[UUID] = ()) -> QuerySet[Execution, Any]:
    """The rows that may start now, the best first, each with its workflow's ``slots``."""
    queued = _startable(worker, avoid).exclude(workflow_id__in=full_workflows())
    hint_last = Case(When(pk=hinted, then=0), default=1)
    queued = queued.annotate(slots=F("workflow__max_concurrent"))
    return queued.order_by("-priority", "created_at", hint_last)


def _best_compiled(worker: str, hinted: UUID) -> Execution | None:
    """The first of ``_best``."""
    prepared = Execution._meta.pk.get_db_prep_value  # noqa: SLF001 -- documented
    wanted = {prepared(NOBODY, connection): prepared(hinted, connection)}
    return first(Execution, _sql_of_best(worker, settings.RUN_LIMIT_USER), wanted)


@lru_cache(maxsize=16)
def _sql_of_best(worker: str, _run_limit_user: int) -> Compiled:
    """For a worker and the settings that stand in it; ``NOBODY`` is the hinted one."""
    return compiled(_best(worker, NOBODY))


def _pick_of(workflow_pk: int, worker: str, pid: int, avoid: Collection[UUID]) -> Claim | None:
    """Take the best row of a workflow with slots, if one is free.

    The workflow is locked before the row, as by a start that replaces a run: no deadlock.
    """
    with transaction.atomic():
        workflow = lock_slots(workflow_pk)
        if workflow is None:
            return None
        limit = workflow.max_concurrent
        if limit is not None and slots_in_use(workflow_pk) >= limit:
            return None
        queued = _startable(worker, avoid).filter(workflow_id=workflow_pk)
        row = queued.order_by("-priority", "created_at").first()
        return None if row is None else _take(row, worker, pid)


def _startable(worker: str, avoid: Collection[UUID]) -> QuerySet[Execution]:
    """Queued rows that nobody else is taking; on SQLite the transaction itself is the lock."""
    queued = Execution.objects.filter(~avoided_by(worker), takes_runs(worker), IS_QUEUED)
    queued = queued.exclude(Q(pk__in=avoid) | Q(owner_id__in=full_users())).only(
        "pk", "execution_id", "token", "workflow_id", "timeout_seconds", "timeout_set_by"
    )
    return queued.select_for_update(skip_locked=True, of=("self",))


def leaves_to_others(worker: str, pk: UUID) -> bool:
    """Whether this run waits, and this worker does not take it because it has just lost it."""
    return Execution.objects.filter(avoided_by(worker), pk=pk, status=Status.QUEUED).exists()


def _take(row: Execution, worker: str, pid: int) -> Claim | None:
    claimed = move(
        row.pk,
        Status.RUNNING,
        held=row.token,
        token=row.token + 1,
        worker=worker,
        worker_pid=pid,
        attempt=F("attempt") + 1,
        lease_until=from_now(settings.LEASE_SECONDS),
        deadline_at=Coalesce("deadline_at", from_now(row.timeout_seconds or settings.RUN_SECONDS)),
    )
    time_limit = limit_text(row.timeout_seconds, row.timeout_set_by)
    return Claim(row.pk, row.execution_id, row.token + 1, time_limit) if claimed else None


def renew(claim: Claim) -> bool:
    """Push the lease; False if the run is no longer this worker's."""
    rows = Execution.objects.filter(pk=claim.pk, token=claim.token, status__in=HELD)
    return bool(rows.update(lease_until=from_now(settings.LEASE_SECONDS)))
