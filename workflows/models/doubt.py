"""Firings that a lost worker had begun, and what was decided about them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from workflows.models.execution import Execution


class DoubtAction(models.TextChoices):
    """What becomes of a firing in doubt."""

    RERUN = "rerun", "Run again"
    SKIP = "skip", "Skip (as done)"
    OUTPUT = "output", "Give this output"
    FAIL = "fail", "Fail the run"


class DoubtfulFiring(models.Model):
    """An unsafe firing that began and never ended: nobody knows whether its effect happened."""

    execution = models.ForeignKey(Execution, models.CASCADE, related_name="doubts", db_index=False)
    key = models.CharField(max_length=64)  # its idempotency key
    node = models.TextField()
    component = models.TextField(blank=True)
    digest = models.CharField(max_length=64)  # sha256 of its inputs
    inputs = models.TextField()  # JSON: {inport: tagged message}, or the beginning of each
    incomplete = models.TextField(blank=True)  # why ``inputs`` is not all of them
    begun_at = models.DateTimeField()
    worker = models.CharField(max_length=255, blank=True)  # that began it
    attempt = models.PositiveIntegerField(default=0)
    action = models.CharField(max_length=10, choices=DoubtAction.choices, blank=True)
    outputs = models.TextField(blank=True)  # JSON: {outport: [message]}, see exact_json
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("execution", "pk")
        constraints = (
            models.UniqueConstraint("execution", "key", name="doubt_once"),
            models.CheckConstraint(
                condition=Q(action="", decided_at__isnull=True)
                | (~Q(action="") & Q(decided_at__isnull=False)),
                name="doubt_decided_when_acted",
            ),
        )

    def __str__(self) -> str:
        return f"{self.node}: {self.key[:12]}"

    @property
    def is_open(self) -> bool:
        return not self.action
