"""What retention may remove: runs that are over, that nobody pinned and nobody still needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone

from workflows.models import (
    CircuitBreaker,
    DeadLetter,
    DeliveryStatus,
    Execution,
    LetterStatus,
    PayloadUse,
    WebhookDelivery,
    Workflow,
    WorkflowVersion,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

BREAKER_DAYS = 30
POSTED_DAYS = 1  # that a posted graph without a run is kept: somebody may be about to start it


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things are kept, where a workflow does not say otherwise; 0 is for ever.

    ``events_days`` 0 keeps events as long as their run.
    """

    now: datetime
    executions_days: int
    runs_per_workflow: int
    events_days: int
    payloads_days: int = 0

    @classmethod
    def from_settings(cls) -> Self:
        return cls(
            timezone.now(),
            settings.RETENTION_EXECUTIONS_DAYS,
            settings.RETENTION_RUNS_PER_WORKFLOW,
            settings.RETENTION_EVENTS_DAYS,
            settings.RETENTION_PAYLOADS_DAYS,
        )

    def before(self, days: int) -> datetime:
        return self.now - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Due:
    """How much a pass would remove now."""

    executions: int
    runs_with_events: int  # of which the events alone would go
    events: int  # about: as many as these runs have written
    versions: int


def removable() -> QuerySet[Execution]:
    """Ended runs that are not pinned, without open letters or a webhook on its way.

    Doubts do not keep a run that was cancelled with them: nobody can decide on them any more.
    """
    of_run = {"execution": OuterRef("pk")}
    letters = DeadLetter.objects.filter(**of_run, status=LetterStatus.OPEN)
    deliveries = WebhookDelivery.objects.filter(**of_run, status=DeliveryStatus.PENDING)
    rows = Execution.objects.filter(finished_at__isnull=False, pinned=False)
    needed = ~Exists(letters) & ~Exists(deliveries)
    return rows.filter(needed).order_by("finished_at")


def executions_due(policy: Policy) -> Iterator[QuerySet[Execution]]:
    """The runs that are to go: by age first, then by number, one workflow at a time."""
    yield _too_old(policy)
    counted = Workflow.objects.filter(keep_runs__gt=0)
    if policy.runs_per_workflow:
        counted = Workflow.objects.exclude(keep_runs=0)
    for pk, keep_runs in counted.values_list("pk", "keep_runs"):
        rows = _too_many(pk, keep_runs or policy.runs_per_workflow)
        if rows is not None:
            yield rows


def events_due(policy: Policy) -> QuerySet[Execution]:
    """The runs whose events are to go, while they stay."""
    if not policy.events_days:
        return Execution.objects.none()
    ended = removable().filter(finished_at__lt=policy.before(policy.events_days))
    return ended.filter(events_pruned_at__isnull=True)


def payload_uses_due(policy: Policy) -> QuerySet[PayloadUse]:
    """The large texts that runs lose while they stay."""
    if not policy.payloads_days:
        return PayloadUse.objects.none()
    ended = removable().order_by().filter(finished_at__lt=policy.before(policy.payloads_days))
    return PayloadUse.objects.filter(execution__in=ended)


def versions_due(policy: Policy) -> QuerySet[WorkflowVersion]:
    """Graphs that were posted to run once and have no run left."""
    runs = Execution.objects.filter(version=OuterRef("pk"))
    posted = WorkflowVersion.objects.filter(workflow__isnull=True)
    return posted.filter(~Exists(runs), created_at__lt=policy.before(POSTED_DAYS))


def breakers_due(policy: Policy) -> QuerySet[CircuitBreaker]:
    """Breakers that nothing has called or that have not failed for a month: as good as none."""
    before = policy.before(BREAKER_DAYS)
    return CircuitBreaker.objects.filter(since__lt=before, last_error_at__lt=before)


def what_is_due(policy: Policy) -> Due:
    """Count without touching anything."""
    gone = sum(rows.count() for rows in executions_due(policy))
    events = events_due(policy).order_by().aggregate(runs=Count("pk"), rows=Sum("last_seq"))
    left = versions_due(policy).count()
    return Due(gone, events["runs"], events["rows"] or 0, left)


def _too_old(policy: Policy) -> QuerySet[Execution]:
    own = Workflow.objects.filter(keep_days__gt=0).values_list("keep_days", flat=True)
    limits = {days for days in own.order_by().distinct() if days}
    old = Q(pk__in=())
    for days in limits:
        old |= Q(workflow__keep_days=days, finished_at__lt=policy.before(days))
    if policy.executions_days:
        limits.add(policy.executions_days)
        cutoff = policy.before(policy.executions_days)
        old |= Q(workflow__keep_days__isnull=True, finished_at__lt=cutoff)
    if not limits:
        return Execution.objects.none()
    # Said once more outside the alternatives, so that the index on the end of a run is used.
    return removable().filter(old, finished_at__lt=policy.before(min(limits)))


def _too_many(workflow_pk: int, keep: int) -> QuerySet[Execution] | None:
    """The runs of a workflow beyond the newest; pinned ones are kept beside them."""
    ended = Execution.objects.filter(
        workflow_id=workflow_pk, finished_at__isnull=False, pinned=False
    )
    newest = ended.order_by("-created_at", "-pk").values_list("created_at", "pk")
    first = newest[keep : keep + 1].first()
    if first is None:
        return None
    at, pk = first
    older = Q(created_at__lt=at) | Q(created_at=at, pk__lte=pk)
    return removable().filter(older, workflow_id=workflow_pk)
