"""Removing what retention lets go: small batches with rests between them, one pass at a time."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from workflows.errors import PayloadError
from workflows.event_rows import clean
from workflows.models import Execution, ExecutionEvent, PayloadUse, PruneRun, WorkflowVersion
from workflows.partitions import drop, partitions
from workflows.payloads import adopt_strays, remove, unused
from workflows.recovery import elect, resign
from workflows.retention import (
    Policy,
    breakers_due,
    events_due,
    executions_due,
    payload_uses_due,
    removable,
    versions_due,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

Row = TypeVar("Row")

logger = logging.getLogger(__name__)

EVENTS_A_BATCH = 1_000  # rows of one transaction
RUNS_A_BATCH = 100
DROP_TRIES = 20
STRAYS_HOUR = 3  # UTC
LEASE = "prune"
LEASE_SECONDS = 60.0  # renewed by each batch
SHORTEST_REST_SECONDS = 0.02
KEPT_PASSES = 50  # of which the figures stay


class PruneBusyError(Exception):
    """Another pass is under way."""


@dataclass(slots=True)
class Pace:
    """How fast a pass may be: it rests after each batch for ``rest`` times what that took.

    ``stop`` ends it after the batch that is under way; so does ``seconds``.
    """

    seconds: float = field(default_factory=lambda: settings.RETENTION_SECONDS)
    rest: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.seconds

    @property
    def over(self) -> bool:
        return self.stop.is_set() or time.monotonic() >= self.until

    @contextmanager
    def batch(self) -> Iterator[None]:
        started = time.monotonic()
        yield
        took = time.monotonic() - started
        self.stop.wait(max(took * self.rest, SHORTEST_REST_SECONDS) if self.rest else 0)


def prune(
    *,
    source: str,
    policy: Policy | None = None,
    pace: Pace | None = None,
    events_only: bool = False,
    tell: Callable[[PruneRun], None] = lambda _: None,
) -> PruneRun:
    """Remove what is due, in batches; ``tell`` hears of each.

    Returns:
        The stored figures. A pass that broke says so in ``error``; what it did stays done.

    Raises:
        PruneBusyError: another one is under way.
    """
    work = _Pass(policy or Policy.from_settings(), pace or Pace(), source, tell)
    if not elect(work.holder, LEASE, LEASE_SECONDS):
        raise PruneBusyError("another pass of retention is under way")
    try:
        work.events()
        if not events_only:
            work.executions()
            work.versions()
            work.breakers()
            work.payloads()
    except (DatabaseError, PayloadError) as error:
        logger.exception("retention broke off")
        work.done.complete, work.done.error = False, clean(f"{type(error).__name__}: {error}")
    finally:
        resign(work.holder, LEASE)
    return work.store()


class _Pass:
    """One pass: what it has done so far."""

    def __init__(
        self, policy: Policy, pace: Pace, source: str, tell: Callable[[PruneRun], None]
    ) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        self.done = PruneRun(started_at=timezone.now(), finished_at=timezone.now(), source=source)
        self._policy = policy
        self._pace = pace
        self._tell = tell

    def events(self) -> None:
        """Events of runs that stay; those of a run go as a whole, and it says that they went."""
        for day, name in partitions().items():
            self._whole_day(day, name)
        for rows in (_begun(), events_due(self._policy)):
            while batch := self._next(rows.values_list("pk", "last_seq")):
                self._events_of(batch)

    def _whole_day(self, day: date, name: str) -> None:
        """Drop a day's partition, if all its runs may lose their events."""
        if day >= self._policy.now.date() - timedelta(days=1):
            return  # somebody may be about to store a run of it
        kept = Execution.objects.filter(event_day=day, events_pruned_at__isnull=True)
        due = events_due(self._policy).filter(event_day=day)
        if kept.exclude(pk__in=due.order_by().values("pk")).exists():
            return
        while batch := self._next(due.values_list("pk")):
            with self._batch():
                keys = [pk for (pk,) in batch]
                free = Execution.objects.filter(pk__in=keys, pinned=False)
                free.update(events_pruned_at=Now())
                gone = PayloadUse.objects.filter(execution__in=keys, part="event")
                gone.filter(execution__events_pruned_at__isnull=False).delete()
        if not self._pace.over and not kept.exists():
            rows = ExecutionEvent.objects.filter(day=day).order_by().count()
            self.done.events += rows * self._drop(name)

    def _drop(self, name: str) -> bool:
        """Whether it could be dropped; else its rows are deleted like any others."""
        for _ in range(DROP_TRIES):
            with self._batch():
                try:
                    drop(name)
                except DatabaseError as error:
                    logger.info("the partition %s is in use: %s", name, error)
                else:
                    self.done.partitions += 1
                    return True
        return False

    def executions(self) -> None:
        """Runs with all that belongs to them; their events first, which may be many."""
        for rows in executions_due(self._policy):
            while batch := self._next(rows.values_list("pk", "last_seq", "events_pruned_at")):
                self._events_of([(pk, last) for pk, last, pruned in batch if pruned is None])
                if not self._pace.over:  # or some events may be left
                    self._runs([pk for pk, *_ in batch])

    def _runs(self, keys: Sequence[UUID]) -> None:
        with self._batch(), transaction.atomic():
            # Looked at again under the lock: somebody may have pinned one.
            fit = removable().order_by().filter(pk__in=keys).select_for_update(of=("self",))
            gone = list(fit.values_list("pk", flat=True))
            Execution.objects.filter(pk__in=gone).delete()
            self.done.executions += len(gone)

    def versions(self) -> None:
        rows = versions_due(self._policy).order_by("pk").values_list("pk")
        while batch := self._next(rows):
            keys = [pk for (pk,) in batch]
            again = versions_due(self._policy).order_by().filter(pk__in=keys)
            try:
                with self._batch(), transaction.atomic():
                    gone = WorkflowVersion.objects.filter(pk__in=again).delete()[0]
            except IntegrityError:  # a run of one begins just now: the next pass sees it
                return
            self.done.versions += gone

    def breakers(self) -> None:
        due = breakers_due(self._policy)
        if not self._pace.over and due.exists():
            with self._batch():
                due.delete()

    def payloads(self) -> None:
        """Large texts that no run needs any more; unknown files too, once a day or by hand."""
        while batch := self._next(payload_uses_due(self._policy).values_list("pk")):
            with self._batch():
                PayloadUse.objects.filter(pk__in=[pk for (pk,) in batch]).delete()
        last = 0
        while batch := self._next(unused().filter(pk__gt=last).values_list("pk")):
            for (last,) in batch:
                self._remove(last)
        if self.done.source != "beat" or self._policy.now.hour == STRAYS_HOUR:
            for pk in adopt_strays():
                if self._pace.over:
                    return
                self._remove(pk)

    def _remove(self, pk: int) -> None:
        with self._batch():
            size = remove(pk)
        if size is not None:
            self.done.payloads += 1
            self.done.payload_bytes += size

    def store(self) -> PruneRun:
        done = self.done
        done.finished_at = timezone.now()
        done.complete = done.complete and not self._pace.over
        done.save()
        old = PruneRun.objects.order_by("-pk").values_list("pk", flat=True)[KEPT_PASSES:]
        PruneRun.objects.filter(pk__in=list(old)).delete()
        logger.info(
            "retention: %s events, %s runs, %s graphs", done.events, done.executions, done.versions
        )
        return done

    def _next(self, rows: QuerySet[Any, Row]) -> Sequence[Row]:
        return () if self._pace.over else tuple(rows[:RUNS_A_BATCH])

    @contextmanager
    def _batch(self) -> Iterator[None]:
        with self._pace.batch():
            yield
        elect(self.holder, LEASE, LEASE_SECONDS)
        self._tell(self.done)

    def _events_of(self, runs: Sequence[tuple[UUID, int]]) -> None:
        """Small runs together, a large one in parts; its first event goes last."""
        together: list[UUID] = []
        size = 0
        for pk, last_seq in runs:
            if last_seq > EVENTS_A_BATCH:
                self._in_parts(pk, last_seq)
                continue
            if together and size + last_seq > EVENTS_A_BATCH:
                self._mark_and_delete(together)
                together, size = [], 0
            together.append(pk)
            size += last_seq
        if together:
            self._mark_and_delete(together)

    def _mark_and_delete(self, keys: Sequence[UUID], *, above: int = 0) -> None:
        with self._batch(), transaction.atomic():
            begun_or_free = Q(events_pruned_at__isnull=False) | Q(pinned=False)
            fit = Execution.objects.filter(begun_or_free, pk__in=keys).order_by()
            locked = fit.select_for_update(of=("self",)).values_list("pk", "event_day")
            going = dict(locked)
            unmarked = Execution.objects.filter(pk__in=going, events_pruned_at__isnull=True)
            unmarked.update(events_pruned_at=Now())
            rows = ExecutionEvent.objects.filter(execution_id__in=going, seq__gt=above)
            rows = rows.filter(day__in=set(going.values()))
            PayloadUse.objects.filter(execution_id__in=going, part="event").delete()
            self.done.events += rows.delete()[0]

    def _in_parts(self, pk: UUID, last_seq: int) -> None:
        whole = (last_seq - 1) // EVENTS_A_BATCH
        for above in range(whole * EVENTS_A_BATCH, -1, -EVENTS_A_BATCH):
            if self._pace.over:
                return
            self._mark_and_delete([pk], above=above)


def _begun() -> QuerySet[Execution]:
    """Runs whose events have gone in part: an earlier pass was ended there.

    Small runs lose theirs at once, except where a day was to be dropped and one was pinned.
    """
    first = ExecutionEvent.objects.filter(
        execution=OuterRef("pk"), day=OuterRef("event_day"), seq=1
    )
    partly = Q(last_seq__gt=EVENTS_A_BATCH) | Q(event_day__in=partitions())
    marked = Execution.objects.filter(partly, events_pruned_at__isnull=False)
    return marked.filter(Exists(first)).order_by("pk")
