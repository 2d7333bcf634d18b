"""The thread beside a run: it renews the lease, and stops what must not go on."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Now

from workflows.lifecycle import renew
from workflows.models import HELD, Execution, Status
from workflows.pausing import hold
from workflows.workers import stopping_since

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from workflows.lifecycle import Claim

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0  # how soon a cancel is seen


class StopReason(StrEnum):
    CANCEL = "cancel"
    DEADLINE = "deadline"
    LOST = "lost"  # the run is another's now, or may be
    PAUSED = "paused"  # for so long that its worker is freed
    SHUTDOWN = "shutdown"  # its worker ends


@dataclass(frozen=True, slots=True)
class Orders:
    """What a beat does to the run beside it.

    Args:
        stop: ask the run to end; called from the beat's thread, once.
        give_up: write the end of a run that did not react, before its process is killed.
        kill: end this process and its children; does not return, except in a test.
        pause: hold the run between messages, or let it go on.
        may_leave: whether a paused run is at rest, so that another process can go on with it.
        keeps: whether it goes on where it was; else it would begin anew, and a pause holds it.
    """

    stop: Callable[[StopReason], None]
    give_up: Callable[[StopReason], None]
    kill: Callable[[], None]
    pause: Callable[[bool], None]
    may_leave: Callable[[], bool]
    keeps: bool


class Beat:
    """Renews a claim every fifth of its lease, from a thread with its own connection.

    ``reason`` says why the run was asked to stop, if it was.
    """

    def __init__(self, claim: Claim, orders: Orders) -> None:
        self.reason: StopReason | None = None
        self._claim = claim
        self._orders = orders
        self._paused_since: float | None = None  # monotonic
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reflow-beat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self.reason = self._watch()
            if self.reason is not None:
                logger.info("execution %s stops: %s", self._claim.execution_id, self.reason)
                self._orders.stop(self.reason)
                self._see_it_end(self.reason)
        finally:
            connection.close()

    def _watch(self) -> StopReason | None:
        """Until the run is over, or has to be."""
        interval = settings.LEASE_SECONDS / 5
        last_good = time.monotonic()  # the claim was good when this thread started
        while not self._over.wait(min(TICK_SECONDS, interval)):
            now = time.monotonic()
            try:
                reason = self._read()
                if reason is None and now - last_good >= interval:
                    reason = None if renew(self._claim) else StopReason.LOST
                    last_good = now
            except DatabaseError as error:
                logger.warning("execution %s: no beat: %s", self._claim.execution_id, error)
                connection.close()
                # Before the lease is over somebody else may not start it; after that, we are late.
                late = now - last_good > settings.LEASE_SECONDS - interval
                reason = StopReason.LOST if late else None
            if reason is not None:
                return reason
        return None

    def _read(self) -> StopReason | None:
        held = Execution.objects.filter(pk=self._claim.pk, token=self._claim.token, status__in=HELD)
        columns = ("status", "cancel_requested_at", "pause_requested_at", "deadline_at")
        leaving = stopping_since(OuterRef("worker"))
        row = held.annotate(leaving=Subquery(leaving), now=Now())
        seen = row.values_list(*columns, "leaving", "now", named=True).first()
        if seen is None:
            return StopReason.LOST
        if seen.cancel_requested_at is not None:
            return StopReason.CANCEL
        self._obey(seen.status, wanted=seen.pause_requested_at is not None)
        if self._paused_since is not None:
            return self._leave(seen)
        if seen.leaving is not None and _drained(seen):
            return StopReason.SHUTDOWN
        overdue = seen.deadline_at is not None and seen.deadline_at <= seen.now
        return StopReason.DEADLINE if overdue else None

    def _leave(self, seen: Any) -> StopReason | None:
        """Whether a paused run is to leave this process, because it ends or could do other work."""
        at_rest = self._orders.may_leave()
        if seen.leaving is not None and (at_rest or _drained(seen)):
            return StopReason.SHUTDOWN
        assert self._paused_since is not None  # noqa: S101 -- asked only then
        long = time.monotonic() - self._paused_since >= settings.PAUSE_HOLD_SECONDS
        return StopReason.PAUSED if long and at_rest and self._orders.keeps else None

    def _obey(self, status: str, *, wanted: bool) -> None:
        """Pause the run, or let it go on, as its row says."""
        if wanted and status == Status.RUNNING:
            self._orders.pause(True)
            if hold(self._claim):
                self._paused_since = time.monotonic()
            else:
                self._orders.pause(False)
        elif not wanted and self._paused_since is not None:
            self._orders.pause(False)
            self._paused_since = None

    def _see_it_end(self, reason: StopReason) -> None:
        """Keep the lease while the run reacts; a run that does not is ended with its process."""
        deadline = time.monotonic() + settings.KILL_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if self._over.wait(min(left, settings.LEASE_SECONDS / 5)):
                return
            self._renew_quietly()
        if not self._over.is_set():
            logger.error(
                "execution %s did not react to %s: its process is killed",
                self._claim.execution_id,
                reason,
            )
            self._orders.give_up(reason)
            self._orders.kill()

    def _renew_quietly(self) -> None:
        try:
            renew(self._claim)
        except DatabaseError as error:
            logger.warning("execution %s: no beat: %s", self._claim.execution_id, error)
            connection.close()


def _drained(seen: Any) -> bool:
    return bool((seen.now - seen.leaving).total_seconds() >= settings.DRAIN_SECONDS)


def kill_this_process() -> None:
    """End this process at once, its children first: what runs in them ignored every request."""
    kill_children()
    _kill(os.getpid())


def kill_children() -> None:
    """End what a run has started and left behind: its process has one run at a time."""
    for pid in reversed(descendants(os.getpid())):
        _kill(pid)


def descendants(pid: int) -> list[int]:
    """Children and their children, parents first; empty where there is no ``/proc``."""
    found: list[int] = []
    for child in _children(pid):
        found += [child, *descendants(child)]
    return found


def _children(pid: int) -> list[int]:
    try:
        files = list(Path(f"/proc/{pid}/task").glob("*/children"))
        return [int(child) for file in files for child in file.read_text().split()]
    except OSError:  # it ended meanwhile
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
