"""Which workers live, which of them are sick, and who had better not take a run again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Q,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Now

from workflows.models import Worker

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Expression, QuerySet

SILENT_SECONDS = 15  # a worker gives a sign of life every 5
AVOIDED_SECONDS = 10  # in which a run goes rather to another worker than to the one that lost it
LOSSES_OF_A_SICK_WORKER = 3  # accidents, with no run ended in between
QUARANTINE_SECONDS = 60


def from_now(seconds: float) -> Expression:
    """A moment by the database's clock."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())


def live_workers() -> QuerySet[Worker]:
    """The workers that gave a sign of life lately and take runs."""
    well = Q(quarantined_until__isnull=True) | Q(quarantined_until__lte=Now())
    return Worker.objects.filter(well, stopping=False, seen_at__gt=from_now(-SILENT_SECONDS))


def free_hands() -> int:
    """How many runs the live workers can do at once; at least 1, for one that is just starting."""
    return live_workers().aggregate(slots=Sum("slots"))["slots"] or 1


def stopping_since(name: Any) -> QuerySet[Worker, Any]:
    """When this worker was told to stop: its last sign of life. No row if it was not."""
    return Worker.objects.filter(name=name, stopping=True).values("seen_at")[:1]


def quarantined_workers() -> QuerySet[Worker]:
    return Worker.objects.filter(quarantined_until__gt=Now())


def takes_runs(name: str) -> Q:
    """Not if this worker is stopping or in quarantine; one without a row is just starting."""
    refuses = Q(stopping=True) | Q(quarantined_until__gt=Now())
    return ~Q(Exists(Worker.objects.filter(refuses, name=name)))


def avoided_by(name: str) -> Q:
    """The runs that this worker has just lost, as long as there is another to take them."""
    just_lost = Q(lost_by=name, lost_at__isnull=False, lost_at__gt=from_now(-AVOIDED_SECONDS))
    return just_lost & Q(Exists(live_workers().exclude(name=name)))


def count_loss(name: str, heard_of_at: datetime) -> None:
    """A run was lost with this worker; after the third loss in a row it takes none for a minute.

    Several runs that one accident took are one loss: each was heard of before it was counted. What
    an earlier process of this name has lost says nothing about this one.

    Args:
        heard_of_at: when the run's lease was renewed last.
    """
    sick = Q(losses__gte=LOSSES_OF_A_SICK_WORKER - 1)
    another = Q(lost_at__isnull=True) | Q(lost_at__lt=heard_of_at)
    Worker.objects.filter(another, name=name, started_at__lte=heard_of_at).update(
        lost_at=Now(),
        quarantined_until=Case(
            When(sick, then=from_now(QUARANTINE_SECONDS)), default=F("quarantined_until")
        ),
        losses=Case(When(sick, then=Value(0)), default=F("losses") + 1),
    )


def count_success(name: str) -> None:
    """This worker has brought a run to its end."""
    Worker.objects.filter(name=name, losses__gt=0).update(losses=0)
