"""What is stored: workflows, their versions, executions, events, and the leases around them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

EXECUTION_ID = r"^[A-Za-z0-9._:-]{1,128}\Z"


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


class WhenFull(models.TextChoices):
    """What a start does when a workflow has as many runs as it may have at once."""

    QUEUE = "queue", "Queue: it waits for a slot"
    REJECT = "reject", "Reject: it is refused"
    REPLACE = "replace", "Replace: the oldest run is cancelled for it"


class Workflow(models.Model):
    """A graph that its owner keeps under a name, as a series of versions."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="workflows")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    current = models.ForeignKey(
        "WorkflowVersion", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    archived = models.BooleanField(default=False)
    max_concurrent = models.PositiveIntegerField(
        null=True, blank=True, validators=(MinValueValidator(1),)
    )  # runs at once; None: as many as there are workers
    when_full = models.CharField(max_length=10, choices=WhenFull.choices, default=WhenFull.QUEUE)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint("owner", "name", name="workflow_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="workflow_has_a_name"),
            models.CheckConstraint(
                condition=Q(max_concurrent__isnull=True) | Q(max_concurrent__gte=1),
                name="workflow_has_a_slot",
            ),
            models.CheckConstraint(
                condition=Q(when_full__in=WhenFull.values), name="workflow_when_full_known"
            ),
        )

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """One graph, never changed. Without a workflow: a graph that was posted to run once."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    workflow = models.ForeignKey(
        Workflow, models.CASCADE, null=True, blank=True, related_name="versions"
    )
    number = models.PositiveIntegerField(null=True, blank=True)  # from 1 within its workflow
    graph = models.TextField()  # Reflow's GraphExport; jsonb would turn 1e16 into an int
    checksum = models.CharField(max_length=64)  # Graph.checksum()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint("workflow", "number", name="version_number_once"),
            models.UniqueConstraint(
                "owner",
                "checksum",
                condition=Q(workflow__isnull=True),
                name="version_posted_once",
            ),
            models.CheckConstraint(
                condition=Q(workflow__isnull=True, number__isnull=True)
                | Q(workflow__isnull=False, number__isnull=False, number__gte=1),
                name="version_number_within_workflow",
            ),
        )

    def __str__(self) -> str:
        return f"version {self.number}" if self.number else f"graph {self.checksum[:8]}"


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

    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_by = models.CharField(max_length=150, blank=True)
    cancel_reason = models.TextField(blank=True)

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
            models.Index(fields=("owner", "-created_at"), name="execution_of_owner"),
            models.Index(fields=("status", "-created_at"), name="execution_by_status"),
            models.Index(fields=("workflow", "-created_at"), name="execution_of_workflow"),
        )

    def __str__(self) -> str:
        return self.execution_id

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL


class ExecutionEvent(models.Model):
    """One engine event, numbered from 1 without a gap within its execution."""

    execution = models.ForeignKey(Execution, models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)  # the event's class name
    node = models.TextField(blank=True)
    at = models.DateTimeField()
    data = models.TextField()  # JSON of our codec, messages tagged

    class Meta:
        ordering = ("execution", "seq")
        constraints = (
            models.UniqueConstraint("execution", "seq", name="event_seq_once"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="event_seq_from_one"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class JournalEntry(models.Model):
    """What firings of one node took and gave, as long as the run may have to be resumed."""

    execution = models.ForeignKey(Execution, models.CASCADE, related_name="journal", db_index=False)
    seq = models.PositiveIntegerField()  # from 1 within its execution
    node = models.TextField()
    taken = models.TextField()  # JSON: firings, consumed, failures
    outputs = models.TextField()  # JSON: {port: [message]}, see exact_json
    state = models.TextField()  # JSON: {name: message}; empty: as before

    class Meta:
        ordering = ("execution", "seq")
        verbose_name_plural = "journal entries"
        constraints = (models.UniqueConstraint("execution", "seq", name="journal_seq_once"),)

    def __str__(self) -> str:
        return f"{self.seq} {self.node}"


class LetterStatus(models.TextChoices):
    """What was decided about a dead letter."""

    OPEN = "open"
    REQUEUED = "requeued"
    DISCARDED = "discarded"


class DeadLetter(models.Model):
    """A firing that failed for good: what it had been given, and why it failed."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="letters")
    workflow = models.ForeignKey(
        Workflow, models.SET_NULL, null=True, blank=True, related_name="dead_letters"
    )
    node = models.TextField()
    component = models.TextField()
    inputs = models.TextField()  # JSON of our codec: {inport: tagged message}
    incomplete = models.TextField(blank=True)  # why ``inputs`` is not all that the firing had
    error = models.TextField(blank=True)
    code = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)  # equal for failures of one cause
    attempts = models.PositiveIntegerField(default=1)
    event_seq = models.PositiveIntegerField(null=True, blank=True)  # of its ActorFailed
    status = models.CharField(
        max_length=10, choices=LetterStatus.choices, default=LetterStatus.OPEN
    )
    resolved_by = models.CharField(max_length=150, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    requeued_as = models.OneToOneField(
        Execution, models.SET_NULL, null=True, blank=True, related_name="requeued_letter"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(status=LetterStatus.OPEN, resolved_at__isnull=True)
                | Q(
                    status__in=(LetterStatus.REQUEUED, LetterStatus.DISCARDED),
                    resolved_at__isnull=False,
                ),
                name="dead_letter_resolved_when_decided",
            ),
            models.CheckConstraint(
                condition=Q(status=LetterStatus.REQUEUED) | Q(requeued_as__isnull=True),
                name="dead_letter_run_when_requeued",
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="dead_letter_of_owner"),
            models.Index(fields=("owner", "fingerprint"), name="dead_letter_group"),
            models.Index(fields=("owner", "status", "-created_at"), name="dead_letter_by_status"),
        )

    def __str__(self) -> str:
        return f"{self.node}: {self.code}"

    @property
    def is_open(self) -> bool:
        return self.status == LetterStatus.OPEN


class DeliveryStatus(models.TextChoices):
    """Where a webhook delivery stands."""

    PENDING = "pending"  # also between two attempts
    DELIVERED = "delivered"
    FAILED = "failed"  # trying again would be of no use
    GAVE_UP = "gave_up"


class WebhookDelivery(models.Model):
    """The end of one run, on its way to the address that its caller gave."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="deliveries")
    url = models.TextField()
    headers = models.TextField(default="{}")  # the caller's, secrets among them: never shown
    body = models.TextField()  # exactly what is sent
    status = models.CharField(
        max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()  # not sent before
    give_up_at = models.DateTimeField()
    hinted_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveIntegerField(null=True, blank=True)  # of the HTTP answer
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name_plural = "webhook deliveries"
        indexes = (
            models.Index(
                fields=("next_at",),
                condition=Q(status=DeliveryStatus.PENDING),
                name="delivery_due",
            ),
            models.Index(fields=("owner", "-created_at"), name="delivery_of_owner"),
        )

    def __str__(self) -> str:
        return f"{self.execution_id}: {self.status}"


class KeeperLease(models.Model):
    """Which of several keepers does the work, and until when."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"


class Worker(models.Model):
    """A Celery worker's sign of life."""

    name = models.CharField(max_length=255, unique=True)  # Celery's node name
    pid = models.PositiveIntegerField()
    slots = models.PositiveIntegerField(default=1)  # runs at the same time
    stopping = models.BooleanField(default=False)  # takes no further run
    losses = models.PositiveSmallIntegerField(default=0)  # runs lost with it since its last success
    quarantined_until = models.DateTimeField(null=True, blank=True)  # takes no run before
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
