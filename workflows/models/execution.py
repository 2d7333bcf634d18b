"""Runs."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Func, Q

from workflows.models.workflow import Workflow, WorkflowVersion

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from workflows.models.event import ExecutionEvent

EXECUTION_ID = r"^[A-Za-z0-9._:-]{1,128}\Z"


FIRST_DAY = date(1970, 1, 1)  # of runs that were there before events had days


def today() -> date:
    """The day, in UTC, to which the events of a run that is made now belong."""
    return datetime.now(UTC).date()


class Status(models.TextChoices):
    """Where an execution stands; ``workflows.lifecycle`` says how it may move."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
HELD = frozenset({Status.RUNNING, Status.PAUSED})  # in which a worker may have it


class _Queued(Func):
    """The status is ``queued``, in words by which SQLite finds the index of queued runs.

    It takes that index for no parameter, and unless told so it sorts the whole queue instead.
    """

    output_field = models.BooleanField()
    template = f"%(expressions)s = '{Status.QUEUED}'"

    def as_sqlite(self, compiler: Any, connection: Any, **_more: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"likely({self.template})")


IS_QUEUED = Q(_Queued("status"))


class Execution(models.Model):
    """One run. ``id`` is internal; ``execution_id`` is the id that callers see."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="executions")
    execution_id = models.CharField(max_length=128, validators=(RegexValidator(EXECUTION_ID),))
    workflow = models.ForeignKey(
        Workflow, models.SET_NULL, null=True, blank=True, related_name="executions"
    )
    version = models.ForeignKey(WorkflowVersion, models.PROTECT, related_name="executions")
    workflow_label = models.CharField(max_length=200, blank=True)  # the caller's word for it
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    priority = models.SmallIntegerField(default=0)  # higher runs first
    source = models.CharField(max_length=40, default="api")  # api, websocket, admin ...

    # What it was given: JSON texts of our codec.
    start_node = models.TextField(blank=True)  # it alone gets ``input``, by inport; else: the graph
    input = models.TextField(default="{}")
    metadata = models.TextField(default="{}")
    request_hash = models.CharField(max_length=64)  # sha256 of graph, input and metadata
    idempotency_key = models.CharField(max_length=255, blank=True)  # the caller's, of its start
    webhook_url = models.TextField(blank=True)  # hears of the end
    warnings = models.TextField(default="[]")

    result = models.TextField(blank=True)  # JSON object: counts and outputs
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    nodes_executed = models.PositiveIntegerField(default=0)
    nodes_failed = models.PositiveIntegerField(default=0)
    dead_letters = models.PositiveIntegerField(default=0)  # all, also those that are not stored
    duration_ms = models.FloatField(null=True, blank=True)
    last_seq = models.PositiveIntegerField(default=0)  # number of the last event
    # Of all its events, however long it runs: PostgreSQL keeps those of a day together.
    event_day = models.DateField(default=today, db_default=FIRST_DAY, editable=False)

    pinned = models.BooleanField(default=False, db_default=False)  # kept for ever, with its events
    events_pruned_at = models.DateTimeField(null=True, blank=True)  # by retention: there are none

    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_by = models.CharField(max_length=150, blank=True)
    cancel_reason = models.TextField(blank=True)

    # A pause that is wanted, and since when it is one. Resumed, both are None.
    pause_requested_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    pause_reason = models.TextField(blank=True, default="", db_default="")

    # Who runs it. A write counts only with the newest token, and all times are the database's.
    worker = models.CharField(max_length=255, blank=True)
    worker_pid = models.PositiveIntegerField(null=True, blank=True)
    token = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    attempts_lost = models.PositiveIntegerField(default=0)  # by a worker
    attempts_failed = models.PositiveIntegerField(default=0)  # by the workflow
    lost_by = models.CharField(max_length=255, blank=True)  # the worker that lost it last
    lost_at = models.DateTimeField(null=True, blank=True)

    hinted_at = models.DateTimeField(null=True, blank=True)
    hint_count = models.PositiveIntegerField(default=0)  # how often a worker was told of it

    timeout_seconds = models.FloatField(null=True, blank=True)  # None: RUN_SECONDS
    timeout_set_by = models.CharField(  # start, graph; empty: the server
        max_length=10, blank=True, default="", db_default=""
    )
    waiting_since = models.DateTimeField(null=True, blank=True)  # its deadline moves by that time
    deadline_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint("owner", "execution_id", name="execution_id_once"),
            models.UniqueConstraint(
                fields=("owner", "idempotency_key"),
                condition=~Q(idempotency_key=""),
                name="execution_idempotency_key_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="execution_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.RUNNING)
                | (Q(lease_until__isnull=False) & ~Q(worker="")),
                name="execution_running_has_owner",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.PAUSED)
                | Q(lease_until__isnull=True, worker="")
                | (Q(lease_until__isnull=False) & ~Q(worker="")),
                name="execution_paused_is_held_or_not",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TERMINAL, finished_at__isnull=False)
                | (~Q(status__in=TERMINAL) & Q(finished_at__isnull=True)),
                name="execution_finished_when_terminal",
            ),
        )
        indexes = (
            models.Index(
                fields=("-priority", "created_at"),
                condition=Q(status=Status.QUEUED),
                name="execution_queue",
            ),
            models.Index(
                fields=("owner",),
                condition=Q(status=Status.QUEUED),
                name="execution_queue_of_owner",
            ),
            models.Index(
                fields=("lease_until",),
                condition=Q(status=Status.RUNNING),
                name="execution_leases",
            ),
            models.Index(
                fields=("deadline_at",),
                condition=Q(deadline_at__isnull=False, finished_at__isnull=True),
                name="execution_deadlines",
            ),
            models.Index(
                fields=("finished_at",),
                condition=Q(finished_at__isnull=False),
                name="execution_ended",
            ),
            models.Index(
                fields=("event_day",),
                condition=Q(events_pruned_at__isnull=True),
                name="execution_with_events",
            ),
            models.Index(fields=("owner", "-created_at"), name="execution_of_owner"),
            models.Index(fields=("status", "-created_at"), name="execution_by_status"),
            models.Index(fields=("workflow", "-created_at"), name="execution_of_workflow"),
        )

    def __str__(self) -> str:
        return self.execution_id

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL

    @property
    def stored_events(self) -> QuerySet[ExecutionEvent]:
        """Its events, looked for on their day only."""
        return self.events.filter(day=self.event_day)

    @property
    def is_held(self) -> bool:
        """Whether a worker has it: it runs, or is paused in a worker's memory."""
        return self.status in HELD and bool(self.worker)
