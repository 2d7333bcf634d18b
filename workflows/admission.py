"""Who may start: queue limits, and what happens when all slots of a workflow are in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from workflows.errors import AdmissionError
from workflows.models import Execution, Status, WhenFull
from workflows.slots import lock_slots

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from workflows.models import Workflow


def admit(owner: User, workflow: Workflow | None) -> list[Execution]:
    """Whether one more run may be queued. Needs an open transaction.

    The queue limits are not locked: starts at the same moment may go over them by their number.

    Returns:
        The runs that are to be cancelled for it, by the policy ``replace``.

    Raises:
        AdmissionError: it may not, and which limit says so.
    """
    queued = Execution.objects.filter(status=Status.QUEUED)
    _refuse_over(queued.filter(owner=owner), "QUEUE_LIMIT_USER")
    _refuse_over(queued, "QUEUE_LIMIT")
    if workflow is None or workflow.max_concurrent is None or workflow.when_full == WhenFull.QUEUE:
        return []
    return _without_queue(workflow)


@dataclass(frozen=True, slots=True)
class Room:
    """How many more runs may be queued, and which limit says so."""

    count: int
    name: str
    limit: int

    def error(self) -> AdmissionError:
        whose = _WHOSE[self.name]
        text = f"the queue {whose} is full: {self.limit} runs wait (limit: {self.name})"
        return AdmissionError(text, "queue_full")


_WHOSE = {"QUEUE_LIMIT_USER": "of one user", "QUEUE_LIMIT": "of this server"}


def room(owner: User) -> Room:
    """What the queue limits leave to this user. Not locked either."""
    queued = Execution.objects.filter(status=Status.QUEUED)
    rows = {"QUEUE_LIMIT_USER": queued.filter(owner=owner), "QUEUE_LIMIT": queued}
    left = []
    for name, waiting in rows.items():
        limit: int = getattr(settings, name)
        left.append(Room(max(0, limit - waiting.count()), name, limit))
    return min(left, key=lambda one: one.count)


def _refuse_over(queued: QuerySet[Execution], name: str) -> None:
    limit: int = getattr(settings, name)
    if queued.order_by()[limit - 1 : limit].values("pk").exists():
        raise Room(0, name, limit).error()


def _without_queue(workflow: Workflow) -> list[Execution]:
    """The other two policies: every run that is not over counts, for it will need a slot."""
    locked = lock_slots(workflow.pk)
    if locked is None or locked.max_concurrent is None or locked.when_full == WhenFull.QUEUE:
        return []
    live = Execution.objects.filter(workflow=locked, finished_at__isnull=True)
    live = live.filter(cancel_requested_at__isnull=True).order_by("created_at", "pk")
    over = live.count() - locked.max_concurrent + 1
    if over <= 0:
        return []
    if locked.when_full == WhenFull.REJECT:
        raise AdmissionError(
            f"workflow {locked.name!r} has {locked.max_concurrent} runs already"
            " (limit: max_concurrent)",
            "workflow_full",
        )
    return list(live[:over])
