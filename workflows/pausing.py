"""Pause and resume: a wish on the row, and what the worker that reads it writes down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from engine.events import Cancelled, Paused, Requeued, Resumed
from workflows.closing import close
from workflows.errors import ExecutionOverError, PauseError
from workflows.event_log import append, held_row
from workflows.event_rows import clean
from workflows.hints import UNHINTED, hint_later
from workflows.lifecycle import move
from workflows.models import Execution, Status
from workflows.workers import from_now

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from workflows.lifecycle import Claim


def pause_execution(*, execution: Execution, by: User | str, reason: str = "") -> Status:
    """Pause a run: at once if nothing runs it, else by a wish that its worker reads each second.

    Returns:
        The status after it: ``running`` until its worker has paused it.

    Raises:
        ExecutionOverError: it has ended, or is being cancelled.
        PauseError: it is paused, or waits for an answer.
    """
    wish = {
        "pause_requested_at": Now(),
        "pause_by": clean(str(by))[:150],
        "pause_reason": clean(reason),
    }
    with transaction.atomic():
        row = _live(execution)
        if row.status == Status.WAITING:
            raise PauseError("the execution waits for an answer already", "execution_waiting")
        if row.pause_requested_at is not None:
            said = "paused" if row.status == Status.PAUSED else "being paused"
            raise PauseError(f"the execution is {said} already", "execution_paused")
        Execution.objects.filter(pk=row.pk).update(**wish)
        if row.status == Status.QUEUED:
            move(row.pk, Status.PAUSED, paused_at=Now())
            _tell_paused(row, None)
            return Status.PAUSED
    return Status(row.status)


def resume_execution(*, execution: Execution, by: User | str, reason: str = "") -> Status:
    """Let a paused run go on: in its worker's memory, or in the queue. Time paused is not counted.

    Raises:
        ExecutionOverError: it has ended, or is being cancelled.
        PauseError: it is not paused.
    """
    with transaction.atomic():
        row = _live(execution)
        if row.pause_requested_at is None:
            raise PauseError(f"the execution is {row.status}, not paused", "execution_not_paused")
        moved = later_deadline(row, row.paused_at)
        columns = {"pause_requested_at": None, "paused_at": None, **moved}
        if row.status != Status.PAUSED:  # its worker has not read the wish: as if there were none
            Execution.objects.filter(pk=row.pk).update(**columns)
            return Status(row.status)
        to = Status.RUNNING if row.is_held else Status.QUEUED
        if to is Status.QUEUED:
            columns |= UNHINTED
            hint_later(row.pk)
        move(row.pk, to, **columns)
        event = Resumed(timestamp=time.time(), by=clean(str(by))[:150], reason=clean(reason))
        append(row.pk, None, [event])
    return to


def _live(execution: Execution) -> Execution:
    row = Execution.objects.select_for_update(of=("self",)).get(pk=execution.pk)
    if row.is_over:
        raise ExecutionOverError(row.status)
    if row.cancel_requested_at is not None:
        raise ExecutionOverError("being cancelled")
    return row


def later_deadline(row: Execution, since: datetime | None) -> dict[str, Any]:
    """The deadline, moved on by the time for which it did not run."""
    if row.deadline_at is None or since is None:
        return {}
    rows = Execution.objects.filter(pk=row.pk)
    now: datetime = rows.values_list(Now(), flat=True).get()
    return {"deadline_at": row.deadline_at + (now - since)}


def hold(claim: Claim) -> bool:
    """Write down that a run is paused in its worker's memory, which keeps it for now.

    Returns:
        False if the run is another's, or is to go on by now.
    """
    with transaction.atomic():
        rows = Execution.objects.select_for_update(of=("self",)).filter(pk=claim.pk)
        row = rows.filter(pause_requested_at__isnull=False).first()
        until = from_now(settings.LEASE_SECONDS)
        columns = {"paused_at": Now(), "lease_until": until}
        if row is None or not move(claim.pk, Status.PAUSED, held=claim.token, **columns):
            return False
        _tell_paused(row, claim.token)
    return True


def hand_back(claim: Claim, reason: str = "") -> None:
    """Give a run that is not over back, unlost: it stays paused, or somebody else goes on with it.

    ``reason`` is why its attempt ends here; empty for a paused run that only leaves its worker.

    Raises:
        FencedError: the run is no longer this worker's; nothing was written.
    """
    with transaction.atomic():
        row = held_row(claim)
        if row.cancel_requested_at is not None:
            move(row.pk, Status.CANCELLED, held=row.token)
            event = Cancelled(timestamp=time.time(), by=row.cancel_by, reason=row.cancel_reason)
            append(row.pk, None, [event])
            close(row.pk)
            return
        let_go(row, **UNHINTED)
        if reason:
            given_up = Requeued(timestamp=time.time(), attempt=row.attempt, reason=clean(reason))
            append(row.pk, None, [given_up])
        if row.pause_requested_at is None:
            hint_later(row.pk)


def let_go(row: Execution, **columns: Any) -> bool:
    """Take a run from its worker: into the queue, or paused if it is or is to be.

    Needs an open transaction in which the row is locked.
    """
    columns |= {"worker": "", "worker_pid": None, "token": F("token") + 1}
    if row.pause_requested_at is None:
        return move(row.pk, Status.QUEUED, held=row.token, **columns)
    since = Coalesce("paused_at", Now())
    moved = move(row.pk, Status.PAUSED, held=row.token, paused_at=since, **columns)
    if moved and row.status != Status.PAUSED:
        _tell_paused(row, None)
    return moved


def _tell_paused(row: Execution, token: int | None) -> None:
    fresh = Execution.objects.only("pause_by", "pause_reason").get(pk=row.pk)
    event = Paused(timestamp=time.time(), by=fresh.pause_by, reason=fresh.pause_reason)
    append(row.pk, token, [event])
