"""What happened in a run, and what it needs to be resumed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from workflows.models.execution import FIRST_DAY, Execution


class ExecutionEvent(models.Model):
    """One engine event, numbered from 1 without a gap within its execution."""

    execution = models.ForeignKey(Execution, models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)  # the event's class name
    node = models.TextField(blank=True)
    at = models.DateTimeField()
    data = models.TextField()  # JSON of our codec, messages tagged
    day = models.DateField(db_default=FIRST_DAY)  # the run's; PostgreSQL: the partition

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
