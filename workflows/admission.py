"""Who may start: queue limits, and what happens when all slots of a workflow are in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from workflows.errors import AdmissionError
from workflows.models import IS_QUEUED, Execution, Status, WhenFull
from workflows.slots import lock_slots

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from workflows.models import Workflow


def check_queue(owner: User) -> None:
    """Whether one more run may be queued; starts at the same moment may go over it by their number.

    Raises:
        AdmissionError: it may not, and which limit says so.
    """
    limits = {name: getattr(settings, name) for name in _WHOSE}
    of_user, of_all = (limit - 1 for limit in limits.values())
    with connection.cursor() as cursor:
        cursor.execute(_IS_FULL, (owner.pk, of_user, of_all))
        for name, is_full in zip(limits, cursor.fetchone(), strict=True):
            if is_full:
                raise _queue_room(0, name, limits[name]).error()


_WHOSE = {"QUEUE_LIMIT_USER": "of one user", "QUEUE_LIMIT": "of this server"}
# Written out: to make these two queries would take several times as long as to run them.
_IS_FULL = """
SELECT EXISTS (SELECT 1 FROM workflows_execution WHERE status = 'queued' AND owner_id = %s
               LIMIT 1 OFFSET %s),
       EXISTS (SELECT 1 FROM workflows_execution WHERE status = 'queued' LIMIT 1 OFFSET %s)
"""


def admit(workflow: Workflow | None) -> list[Execution]:
    """Whether the slots of a workflow let in one more run. Needs an open transaction.

    Returns:
        The runs that are to be cancelled for it, by the policy ``replace``.

    Raises:
        AdmissionError: all are in use, and its policy is to reject.
    """
    if workflow is None or workflow.max_concurrent is None or workflow.when_full == WhenFull.QUEUE:
        return []
    return _without_queue(workflow)


@dataclass(frozen=True, slots=True)
class Room:
    """How many more runs a limit lets in, and what it says to those after them."""

    count: int
    text: str
    code: str = "queue_full"

    def error(self) -> AdmissionError:
        return AdmissionError(self.text, self.code)


def room(owner: User) -> Room:
    """What the queue limits leave to this user. Not locked either."""
    queued = Execution.objects.filter(IS_QUEUED)
    rows = {"QUEUE_LIMIT_USER": queued.filter(owner=owner), "QUEUE_LIMIT": queued}
    left = []
    for name, waiting in rows.items():
        limit: int = getattr(settings, name)
        left.append(_queue_room(max(0, limit - waiting.count()), name, limit))
    return min(left, key=lambda one: one.count)


def room_of_workflow(workflow_pk: int) -> Room | None:
    """What the slots of a workflow leave to runs for which none is cancelled; None: no limit.

    Needs an open transaction: until it ends nobody else gives or takes a slot.
    """
    workflow = lock_slots(workflow_pk)
    if workflow is None or workflow.max_concurrent is None or workflow.when_full == WhenFull.QUEUE:
        return None
    return _slot_room(workflow, _live(workflow).count())


def _queue_room(count: int, name: str, limit: int) -> Room:
    text = f"the queue {_WHOSE[name]} is full: {limit} runs wait (limit: {name})"
    return Room(count, text)


def _slot_room(workflow: Workflow, used: int) -> Room:
    slots = workflow.max_concurrent or 0
    text = f"workflow {workflow.name!r} has {slots} runs already (limit: max_concurrent)"
    return Room(max(0, slots - used), text, "workflow_full")


def _live(workflow: Workflow) -> QuerySet[Execution]:
    live = Execution.objects.filter(workflow=workflow, finished_at__isnull=True)
    live = live.exclude(status=Status.PAUSED, worker="")
    return live.filter(cancel_requested_at__isnull=True)


def _without_queue(workflow: Workflow) -> list[Execution]:
    """The other two policies: what is not over and not put aside by a pause needs a slot."""
    locked = lock_slots(workflow.pk)
    if locked is None or locked.max_concurrent is None or locked.when_full == WhenFull.QUEUE:
        return []
    live = _live(locked).order_by("created_at", "pk")
    used = live.count()
    over = used - locked.max_concurrent + 1
    if over <= 0:
        return []
    if locked.when_full == WhenFull.REJECT:
        raise _slot_room(locked, used).error()
    return list(live[:over])
