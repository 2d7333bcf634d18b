"""How an execution's status may change: one table, and one conditional UPDATE that obeys it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, When
from django.db.models.functions import Coalesce, Now

from workflows.models import TERMINAL, Execution, Status
from workflows.workers import avoided_by, from_now, takes_runs

if TYPE_CHECKING:
    from collections.abc import Collection

ALLOWED_FROM: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.PAUSED, Status.WAITING}),
    Status.RUNNING: frozenset({Status.QUEUED}),
    Status.PAUSED: frozenset({Status.RUNNING}),
    Status.WAITING: frozenset({Status.RUNNING}),
    Status.COMPLETED: frozenset({Status.RUNNING}),
    Status.FAILED: frozenset({Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.WAITING}),
    Status.CANCELLED: frozenset({Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.WAITING}),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that a worker has taken; its writes count as long as ``token`` is the row's."""

    pk: UUID
    execution_id: str
    token: int


def move(pk: UUID, to: Status, *, held: int | None = None, **columns: Any) -> bool:
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
        columns["lease_until"] = None
    if to in TERMINAL:
        columns["finished_at"] = Now()
    return bool(rows.update(status=to, **columns))


def claim_next(
    worker: str, pid: int, *, hinted: UUID | None = None, avoid: Collection[UUID] = ()
) -> Claim | None:
    """Take the best row that may start now; None if there is none.

    The highest priority goes first, then the oldest, and the hinted one among equals. A worker
    that is stopping or in quarantine takes nothing, and none takes what it has just lost if
    another can.
    """
    hint_last = Case(When(pk=hinted, then=0), default=1)
    with transaction.atomic():
        if not takes_runs(worker):
            return None
        queued = Execution.objects.filter(~avoided_by(worker), status=Status.QUEUED)
        queued = queued.exclude(pk__in=avoid)
        locked = queued.order_by("-priority", "created_at", hint_last).select_for_update(
            skip_locked=True  # on SQLite the transaction itself is the lock
        )
        row = locked.values_list("pk", "execution_id", "token", named=True).first()
        if row is None:
            return None
        claimed = move(
            row.pk,
            Status.RUNNING,
            held=row.token,
            token=row.token + 1,
            worker=worker,
            worker_pid=pid,
            attempt=F("attempt") + 1,
            lease_until=from_now(settings.LEASE_SECONDS),
            deadline_at=Coalesce("deadline_at", from_now(settings.RUN_SECONDS)),
        )
    return Claim(row.pk, row.execution_id, row.token + 1) if claimed else None


def renew(claim: Claim) -> bool:
    """Push the lease; False if the run is no longer this worker's."""
    rows = Execution.objects.filter(pk=claim.pk, token=claim.token, status=Status.RUNNING)
    return bool(rows.update(lease_until=from_now(settings.LEASE_SECONDS)))
