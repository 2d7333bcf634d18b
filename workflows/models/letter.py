"""Firings that failed for good."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from workflows.models.execution import Execution
from workflows.models.workflow import Workflow


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
