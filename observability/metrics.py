"""``/metrics``: how the server is, in Prometheus' text format, counted when somebody asks.

Everything is read from the database, so any web process may answer for all; only what
``IN_PROCESS`` lists is of the process that answers.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from observability.models import ZealConnection
from observability.zeal.backlog import lag
from observability.zeal.report import SILENT_SECONDS
from workflows.api.errors import limit_hits
from workflows.consumers import open_sockets
from workflows.models import (
    IS_QUEUED,
    TERMINAL,
    DeadLetter,
    DeliveryStatus,
    Execution,
    ExecutionEvent,
    KeeperLease,
    LetterStatus,
    Status,
    WebhookDelivery,
)
from workflows.recovery import KEEPER, KEEPER_LEASE_SECONDS
from workflows.workers import from_now, live_workers, quarantined_workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
AGES = (0, 10, 60, 600)  # seconds
RECENTLY_SECONDS = 600
IN_PROCESS = ("reflow_websocket_clients", "reflow_limit_hits_total")


@dataclass(frozen=True, slots=True)
class Metric:
    """One number, or one for each value of a label."""

    name: str
    help: str
    values: Mapping[str, float]  # {"": 1} without a label
    label: str = ""
    kind: str = "gauge"


def exposition() -> str:
    """All metrics as text."""
    return "".join(f"{line}\n" for metric in metrics() for line in _lines(metric))


def metrics() -> Iterator[Metric]:
    """Every metric, each from one or two queries."""
    now = timezone.now()
    for group in (_runs, _queue, _recent, _workers, _rest, _zeal):
        yield from group(now)


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for value, number in metric.values.items():
        label = f'{{{metric.label}="{value}"}}' if metric.label else ""
        yield f"{metric.name}{label} {float(number):.15g}"


def _one(name: str, text: str, number: float) -> Metric:
    return Metric(f"reflow_{name}", text, {"": number})


def _runs(now: datetime) -> Iterator[Metric]:
    open_now = Execution.objects.exclude(status__in=TERMINAL).order_by()
    counted = dict(open_now.values_list("status").annotate(Count("pk")))
    states = {str(status): counted.get(status, 0) for status in Status if status not in TERMINAL}
    yield Metric("reflow_runs", "Runs that are not over.", states, "status")
    overdue = Execution.objects.filter(lease_until__lt=Now()).aggregate(at=Min("lease_until"))["at"]
    text = "Seconds since the oldest lease ran out."
    yield _one("lease_overdue_seconds", text, _since(overdue, now))


def _queue(now: datetime) -> Iterator[Metric]:
    queued = Execution.objects.filter(IS_QUEUED).order_by()
    ages = {f"n{age}": Count("pk", filter=Q(created_at__lte=from_now(-age))) for age in AGES}
    found = queued.aggregate(**ages, oldest=Min("created_at"))
    by_age = {str(age): found[f"n{age}"] for age in AGES}
    text = "Queued runs that wait for so many seconds or longer."
    yield Metric("reflow_queued_runs", text, by_age, "seconds")
    text = "Seconds for which the oldest queued run waits."
    yield _one("queue_oldest_seconds", text, _since(found["oldest"], now))
    untold = queued.filter(hinted_at__isnull=True, created_at__lt=from_now(-1)).count()
    text = "Queued runs of which the broker has taken no message."
    yield _one("unhinted_runs", text, untold)


def _recent(_now: datetime) -> Iterator[Metric]:
    since = from_now(-RECENTLY_SECONDS)
    ended = Execution.objects.filter(finished_at__gt=since).order_by()
    counted = dict(ended.values_list("status").annotate(Count("pk")))
    states = {str(status): counted.get(status, 0) for status in Status if status in TERMINAL}
    yield Metric("reflow_ended_runs", "Runs that ended in 10 minutes.", states, "status")
    started = Execution.objects.filter(started_at__gt=since).order_by()
    found = started.aggregate(hint=Count("pk", filter=Q(hint_count=1)), all=Count("pk"))
    by = {"hint": found["hint"], "keeper": found["all"] - found["hint"]}
    text = "Runs that started in 10 minutes, at their first message or because the keeper saw them."
    yield Metric("reflow_started_runs", text, by, "by")
    lost = Execution.objects.filter(lost_at__gt=since).count()
    yield _one("lost_runs", "Runs that lost an attempt with a worker in 10 minutes.", lost)


def _workers(now: datetime) -> Iterator[Metric]:
    live = live_workers()
    found = {"live": live.count(), "quarantined": quarantined_workers().count()}
    yield Metric("reflow_workers", "Workers.", found, "state")
    slots = live.aggregate(total=Sum("slots"))["total"] or 0
    yield _one("worker_slots", "Runs that may go at the same time.", slots)
    until = KeeperLease.objects.filter(name=KEEPER).aggregate(at=Max("until"))["at"]
    seen = until and until - timedelta(seconds=KEEPER_LEASE_SECONDS)
    text = "Seconds since the keeper's last round; -1 without one."
    yield _one("keeper_round_seconds", text, _since(seen, now) if seen else -1)


def _rest(now: datetime) -> Iterator[Metric]:
    pending = WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING)
    found = pending.aggregate(count=Count("pk"), oldest=Min("next_at"))
    yield _one("webhooks_pending", "Webhooks that are not delivered yet.", found["count"])
    text = "Seconds for which the oldest webhook is due."
    yield _one("webhook_due_seconds", text, _since(found["oldest"], now))
    letters = DeadLetter.objects.filter(status=LetterStatus.OPEN).count()
    yield _one("dead_letters_open", "Dead letters that nobody has decided about.", letters)
    yield _one("event_rows", "Stored events, about.", _ask(_EVENT_ROWS))
    text = "Seconds for which the oldest transaction of the database is open."
    yield _one("database_transaction_seconds", text, _ask(_OLDEST_TRANSACTION))
    free = shutil.disk_usage(settings.VAR_DIR).free
    yield _one("disk_free_bytes", "Room on the disk of REFLOW_VAR.", free)
    text = "Sockets that this web process holds."
    yield _one("websocket_clients", text, sum(open_sockets.values()))
    hits = dict(limit_hits)
    text = "Refusals of this web process, by the limit that was reached."
    yield Metric("reflow_limit_hits_total", text, hits, "limit", "counter")


def _zeal(_now: datetime) -> Iterator[Metric]:
    _, events, seconds = lag() if settings.ZEAL_URL else (0, 0, 0.0)
    yield _one("zeal_events_waiting", "Events that are not told to Zeal yet.", events)
    text = "Seconds since the oldest run with such events was made."
    yield _one("zeal_lag_seconds", text, seconds)
    there = ZealConnection.objects.filter(
        zeal=settings.ZEAL_URL.rstrip("/"), connected=True, seen_at__gt=from_now(-SILENT_SECONDS)
    )
    yield _one("zeal_connected", "1 if the sync process has Zeal's answers.", there.count())


def _since(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


# About how many rows the table of events has: counting them takes as long as they are many.
_EVENTS = ExecutionEvent._meta.db_table  # noqa: SLF001 -- documented
_EVENT_ROWS = {
    "postgresql": f"""
        SELECT coalesce(sum(greatest(reltuples, 0)), 0) FROM pg_class WHERE relkind = 'r'
        AND oid IN (SELECT relid FROM pg_partition_tree('{_EVENTS}')
        UNION SELECT '{_EVENTS}'::regclass)
    """,  # noqa: S608 -- our own name
    "sqlite": f"SELECT coalesce(max(rowid), 0) FROM {_EVENTS}",  # noqa: S608 -- our own name
}
_OLDEST_TRANSACTION = {
    "postgresql": """
        SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
}


def _ask(by_vendor: Mapping[str, str]) -> float:
    """A number from SQL that each database has its own of; 0 where one has none."""
    sql = by_vendor.get(connection.vendor)
    if sql is None:
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute(sql)
        (number,) = cursor.fetchone()
    return float(number)
