"""How many runs of one workflow may go at once. A slot is a lease: who holds none holds no slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, F, Q

from workflows.models import HELD, Execution, Workflow

if TYPE_CHECKING:
    from django.db.models import QuerySet


IN_USE = Q(status__in=HELD) & ~Q(worker="")  # a paused run that no worker holds has no slot


def full_workflows() -> QuerySet[Execution, int]:
    """The ids of the workflows whose slots are all in use."""
    running = Execution.objects.filter(IN_USE, workflow__max_concurrent__isnull=False)
    counted = running.order_by().values("workflow_id").annotate(used=Count("pk"))
    full = counted.filter(used__gte=F("workflow__max_concurrent"))
    return full.values_list("workflow_id", flat=True)


def full_users() -> QuerySet[Execution, int]:
    """The ids of the users of whom as many runs go as may."""
    counted = Execution.objects.filter(IN_USE).order_by().values("owner_id")
    full = counted.annotate(used=Count("pk")).filter(used__gte=settings.RUN_LIMIT_USER)
    return full.values_list("owner_id", flat=True)


def slots_in_use(workflow_pk: int) -> int:
    return Execution.objects.filter(IN_USE, workflow_id=workflow_pk).count()


def lock_slots(workflow_pk: int) -> Workflow | None:
    """Let nobody else give or take a slot of this workflow until the transaction ends.

    Returns:
        The workflow as it is under the lock; None if it is gone.
    """
    # Not FOR UPDATE: a start that refers to the workflow need not wait.
    return Workflow.objects.select_for_update(no_key=True).filter(pk=workflow_pk).first()
