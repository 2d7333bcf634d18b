"""What retention has done."""

from __future__ import annotations

from django.db import models


class PruneRun(models.Model):
    """One pass of retention: what it removed, and whether it came to its end."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    source = models.CharField(max_length=20)  # beat, admin or command
    events = models.PositiveBigIntegerField(default=0)  # rows, those of dropped partitions too
    partitions = models.PositiveIntegerField(default=0)
    executions = models.PositiveIntegerField(default=0)
    versions = models.PositiveIntegerField(default=0)  # posted graphs without a run
    payloads = models.PositiveIntegerField(default=0)  # files
    payload_bytes = models.PositiveBigIntegerField(default=0)
    complete = models.BooleanField(default=True)  # False: the time was over, or it broke
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("-started_at", "-pk")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.source}"
