"""How far each run is told to Zeal."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from workflows.models import Execution


class TraceState(models.TextChoices):
    """Where the traces of a run stand."""

    WAITING = "waiting"  # Zeal has no session of it yet
    OPEN = "open"
    DELIVERED = "delivered"  # to its end
    GAVE_UP = "gave_up"  # too old, or its events are gone


class LiveState(models.TextChoices):
    """Where a run stands on the live socket."""

    NONE = "none"  # its workflow is not Zeal's
    OPEN = "open"
    DELIVERED = "delivered"
    OFF = "off"  # Zeal does not take it; ``live_error`` says why


UNDELIVERED = (TraceState.WAITING, TraceState.OPEN)


class TraceSession(models.Model):
    """The cursors of one run, and the counts of what became of its events.

    ``trace_seq`` and ``live_seq`` are the numbers of the last events that are settled: stored by
    Zeal, left out as no trace, or dropped and counted.
    """

    execution = models.OneToOneField(
        Execution, models.CASCADE, primary_key=True, related_name="trace_session"
    )
    zeal = models.CharField(max_length=500)  # its address
    workflow_id = models.CharField(max_length=200)  # as Zeal was told
    session_id = models.CharField(max_length=200, blank=True)  # Zeal's; empty: there is none yet
    profile = models.CharField(max_length=20, blank=True)  # zip, flow_traces or seed
    state = models.CharField(max_length=10, choices=TraceState.choices, default=TraceState.WAITING)
    asked_at = models.DateTimeField(null=True, blank=True)  # a session was asked for, unanswered
    trace_seq = models.PositiveIntegerField(default=0)
    under_way_seq = models.PositiveIntegerField(default=0)  # last event of the batch being sent
    sent = models.PositiveIntegerField(default=0)  # taken by Zeal
    dropped = models.PositiveIntegerField(default=0)  # refused by Zeal, or left out by a limit
    repeated = models.PositiveIntegerField(default=0)  # sent again after nobody knew
    data_bytes = models.BigIntegerField(default=0)  # what its nodes put out, up to ``trace_seq``
    without_messages = models.BooleanField(default=False)  # the backlog was too long for them
    resends = models.PositiveIntegerField(default=0)  # by hand, each as a new session
    fails = models.PositiveIntegerField(default=0)  # in a row
    next_try = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)

    live = models.CharField(max_length=10, choices=LiveState.choices, default=LiveState.NONE)
    live_seq = models.PositiveIntegerField(default=0)
    # Last event of the page being sent; above ``live_seq`` without a process: nobody knows of them.
    live_under_way_seq = models.PositiveIntegerField(default=0, db_default=0)
    live_sent = models.PositiveIntegerField(default=0)
    live_dropped = models.PositiveIntegerField(default=0)  # no event of the socket, or refused
    live_repeated = models.PositiveIntegerField(default=0)
    live_next_try = models.DateTimeField(null=True, blank=True)
    live_error = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (
            models.Index(
                fields=("created_at",),
                condition=Q(state__in=("waiting", "open")),
                name="trace_session_undelivered",
            ),
            models.Index(
                fields=("created_at",), condition=Q(live="open"), name="trace_session_live"
            ),
        )

    def __str__(self) -> str:
        return self.session_id or "no session yet"
