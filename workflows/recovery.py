"""What the keeper does, with the database alone: queue lost runs again, wake forgotten ones."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from engine.events import Cancelled
from workflows import outbox
from workflows.closing import close
from workflows.endings import fail, requeue
from workflows.event_log import append
from workflows.hints import UNHINTED, hinted, wake
from workflows.lifecycle import move
from workflows.models import HELD, IS_QUEUED, Execution, KeeperLease, Status
from workflows.run_time import limit_text
from workflows.workers import count_loss, from_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

KEEPER = "keeper"
KEEPER_LEASE_SECONDS = 5.0
REHINT_SECONDS = (2, 5, 10, 20, 30)  # after that many hints; the last one for all further
HINTS_A_ROUND = 20
ROWS_A_ROUND = 500
DEADLINE_GRACE_SECONDS = 10  # in which a run's own worker ends it


def elect(holder: str, name: str = KEEPER, seconds: float = KEEPER_LEASE_SECONDS) -> bool:
    """Become, or stay, the one that works; the others wait for its lease to run out."""
    until = from_now(seconds)
    mine_or_over = Q(holder=holder) | Q(until__lt=Now())
    rows = KeeperLease.objects.filter(name=name)
    if rows.filter(mine_or_over).update(holder=holder, until=until):
        return True
    return KeeperLease.objects.get_or_create(
        name=name, defaults={"holder": holder, "until": until}
    )[1]


def resign(holder: str, name: str = KEEPER) -> None:
    """Let another one work at once."""
    KeeperLease.objects.filter(name=name, holder=holder).delete()


def reap() -> int:
    """Take the runs from workers that are gone: their lease ran out, or there never was one.

    Returns:
        How many.
    """
    unowned = Q(lease_until__isnull=True) | Q(worker="")
    lost = Execution.objects.filter(status__in=HELD)
    lost = lost.filter(Q(lease_until__lt=Now()) | Q(unowned, status=Status.RUNNING))
    return sum(_take_back(row, lost) for row in lost[:ROWS_A_ROUND])


def _take_back(seen: Execution, lost: QuerySet[Execution]) -> bool:
    """Cancelled, if that was asked for; else queued again. Looked at again under its lock."""
    with transaction.atomic():
        row = lost.filter(pk=seen.pk, token=seen.token).select_for_update(of=("self",)).first()
        if row is None:
            return False
        if row.lease_until is not None:
            count_loss(row.worker, row.lease_until - timedelta(seconds=settings.LEASE_SECONDS))
        if row.cancel_requested_at is not None:
            move(row.pk, Status.CANCELLED, token=F("token") + 1)
            event = Cancelled(timestamp=time.time(), by=row.cancel_by, reason=row.cancel_reason)
            append(row.pk, None, [event])
            close(row.pk)
        else:
            error = f"the worker {row.worker or '(unknown)'} was lost while it ran this"
            requeue(row, error, "worker_lost", **UNHINTED)
    logger.warning("execution %s: its worker %s is lost", row.execution_id, row.worker)
    return True


def end_overdue() -> int:
    """Fail the runs that are past their deadline and that no worker has ended.

    Not one that waits for somebody: its deadline moves by the time that it waits.

    Returns:
        How many.
    """
    late = Q(status=Status.RUNNING, deadline_at__lt=from_now(-DEADLINE_GRACE_SECONDS))
    waiting = IS_QUEUED & Q(deadline_at__lt=Now())
    columns = ("pk", "execution_id", "timeout_seconds", "timeout_set_by")
    overdue = Execution.objects.filter(late | waiting).values_list(*columns)
    ended = 0
    for pk, execution_id, *limit in overdue[:ROWS_A_ROUND]:
        error = f"it was not over at its deadline, after {limit_text(*limit)}"
        if fail(pk, error, "deadline_exceeded"):
            logger.warning("execution %s: past its deadline", execution_id)
            ended += 1
    return ended


def sweep() -> int:
    """Hint again at queued runs that nobody took, with a back-off for each; best first.

    It ends at the first hint that the broker does not take: the next round tries again.

    Returns:
        How many hints were taken.
    """
    taken = list(takewhile(wake, _forgotten()))
    if taken:
        hinted(taken)
    return len(taken)


def _forgotten() -> list[UUID]:
    # Within the first second the first hint is under way. The time is that of a web process, whose
    # clock may be wrong.
    fresh = Q(created_at__gte=from_now(-1), created_at__lte=from_now(1))
    due = Q(hinted_at__isnull=True) & ~fresh
    last = len(REHINT_SECONDS)
    for count, seconds in enumerate(REHINT_SECONDS, 1):
        hints = Q(hint_count__gte=count) if count == last else Q(hint_count=count)
        if count == 1:
            hints = Q(hint_count__lte=1)
        due |= hints & Q(hinted_at__lt=from_now(-seconds))
    rows = Execution.objects.filter(due, IS_QUEUED).order_by("-priority", "created_at")
    return list(rows.values_list("pk", flat=True)[:HINTS_A_ROUND])


def round_of_keeper() -> None:
    """Everything once."""
    reap()
    end_overdue()
    wake_forgotten()


def wake_forgotten() -> None:
    """Hint again at what nobody has begun; the broker may be slow to refuse."""
    sweep()
    outbox.sweep()


class ClockGuard:
    """Notices that this machine slept or that its clock was set: leases look older then."""

    def __init__(
        self,
        beat_seconds: float,
        pause_seconds: float,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beat = beat_seconds
        self._pause = pause_seconds
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()
        self._quiet_until = 0.0

    def trusted(self) -> bool:
        """False for one lease time after a jump, in which living workers renew theirs."""
        now = self._steady()
        offset = self._wall() - now
        jump = abs(offset - self._offset)
        self._offset = offset
        if jump > self._beat:
            logger.warning("the clock jumped by %.1f s: no reaping for a while", jump)
            self._quiet_until = now + self._pause
        return now >= self._quiet_until


class Reaper:
    """Takes back lost runs for a process that goes on; any number of them may, at the same time."""

    def __init__(self) -> None:
        self._guard = ClockGuard(settings.LEASE_SECONDS / 5, settings.LEASE_SECONDS)
        self._reaps_from = 0.0

    def look(self) -> bool:
        """Take back what is lost; False if the clock is not to be trusted, and nothing was done.

        Raises:
            DatabaseError: it did not answer, and is to have a ``rest``.
        """
        if not self._guard.trusted():
            return False
        if time.monotonic() >= self._reaps_from:
            reap()
        return True

    def rest(self) -> None:
        """The database did not answer: for the time of a lease nothing is taken back.

        Workers that could not reach it either put back their runs themselves.
        """
        self._reaps_from = time.monotonic() + settings.LEASE_SECONDS
