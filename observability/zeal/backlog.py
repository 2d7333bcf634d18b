"""What has waited too long for Zeal: given up, or made smaller; always counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Sum
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from observability.models import UNDELIVERED, TraceSession, TraceState
from workflows.workers import from_now

if TYPE_CHECKING:
    from observability.zeal.config import ZealConfig

DAY_SECONDS = 86_400
ROWS_A_ROUND = 1_000


def lag() -> tuple[int, int, float]:
    """Runs that are not told to their end, their events, and the seconds the oldest waits."""
    rows = TraceSession.objects.filter(state__in=UNDELIVERED)
    waiting = rows.filter(execution__last_seq__gt=F("trace_seq"))
    found = waiting.aggregate(events=Sum(F("execution__last_seq") - F("trace_seq")))
    oldest = waiting.order_by("created_at").values_list("execution__created_at", flat=True).first()
    seconds = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return rows.count(), found["events"] or 0, max(0.0, seconds)


def shorten(config: ZealConfig) -> tuple[int, int]:
    """Keep the backlog within its limits.

    Returns:
        The runs that were given up, and those that go on without their messages.
    """
    rows = TraceSession.objects.filter(state__in=UNDELIVERED)
    old = rows.filter(created_at__lt=from_now(-config.backlog_days * DAY_SECONDS))
    behind = Greatest(F("execution__last_seq") - F("trace_seq"), 0)
    lost = dict(old.annotate(behind=behind).values_list("pk", "behind")[:ROWS_A_ROUND])
    for pk, events in lost.items():
        rows.filter(pk=pk).update(
            state=TraceState.GAVE_UP,
            dropped=F("dropped") + events,
            last_error=f"older than {config.backlog_days:g} days (limit: ZEAL_BACKLOG_DAYS)",
            last_error_at=Now(),
            ended_at=Now(),
        )
    return len(lost), _without_messages(config)


def _without_messages(config: ZealConfig) -> int:
    whole = TraceSession.objects.filter(state__in=UNDELIVERED, without_messages=False)
    behind = F("execution__last_seq") - F("trace_seq")
    total = whole.aggregate(events=Sum(behind))["events"] or 0
    chosen = []
    oldest = whole.annotate(behind=behind).order_by("created_at").values_list("pk", "behind")
    for pk, events in oldest[:ROWS_A_ROUND]:
        if total <= config.backlog_events:
            break
        chosen.append(pk)
        total -= events
    TraceSession.objects.filter(pk__in=chosen).update(without_messages=True)
    return len(chosen)
