"""The processes of the server: who leads, who works."""

from __future__ import annotations

from django.db import models


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
    losses = models.PositiveSmallIntegerField(default=0)  # accidents since its last success
    lost_at = models.DateTimeField(null=True, blank=True)  # when the last of them was counted
    quarantined_until = models.DateTimeField(null=True, blank=True)  # takes no run before
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
