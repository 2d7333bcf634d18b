"""How much is stored and where, what retention did last, and when it works next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from workflows.hints import PRUNE_TASK
from workflows.models import Execution, KeeperLease, Payload
from workflows.partitions import partitions
from workflows.payloads import unused
from workflows.pruning import LEASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from django.db.models import Model

COUNTED = 100_000  # rows of a table on SQLite, where only counting tells; beyond: "at least"
LOOKED_AT_BYTES = 256 * 1024**2  # of a SQLite file: its tables' sizes are found by reading it all

_OF_POSTGRESQL = """
SELECT coalesce(sum(pg_total_relation_size(part)), 0), coalesce(sum(greatest(reltuples, 0)), 0)
FROM pg_class JOIN (
    SELECT %s::regclass AS part UNION SELECT relid FROM pg_partition_tree(%s::regclass)
) AS parts ON pg_class.oid = part
WHERE relkind = 'r'
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One table with its indexes; ``size_bytes`` is None where finding out takes too long."""

    name: str
    rows: int
    exact: bool  # else PostgreSQL's estimate, or there are more
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class Partition:
    """The events of the runs of one day."""

    day: date
    name: str
    rows: int  # PostgreSQL's estimate
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Database:
    """The whole database."""

    vendor: str
    size_bytes: int
    free_bytes: int  # of SQLite's file: room that is used again
    tables: tuple[Table, ...]  # the largest first
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class Payloads:
    """The large texts that are kept outside the database."""

    count: int
    size_bytes: int
    unused: int  # the next pass removes them


@dataclass(frozen=True, slots=True)
class NextPass:
    """When retention works; ``at`` is None if nobody can say, and ``why`` says so."""

    holder: str  # of the pass that is under way, else empty
    at: datetime | None
    why: str


def database() -> Database:
    """Sizes as the database tells them, in a time that does not grow with its rows."""
    if connection.vendor == "postgresql":
        (size,) = _row("SELECT pg_database_size(current_database())")
        tables = tuple(_postgresql_tables())
        return Database("PostgreSQL", size, 0, _sorted(tables), tuple(_partitions()))
    page, pages, free = (
        _row(f"PRAGMA {name}")[0] for name in ("page_size", "page_count", "freelist_count")
    )
    size = page * pages
    tables = tuple(_sqlite_tables(sized=size <= LOOKED_AT_BYTES))
    return Database("SQLite", size, page * free, _sorted(tables), ())


def payloads() -> Payloads:
    found = Payload.objects.order_by().aggregate(count=Count("pk"), size=Sum("size_bytes"))
    return Payloads(found["count"], found["size"] or 0, unused().count())


def oldest() -> tuple[datetime | None, date | None]:
    """The end of the run that ended first, and the first day with events. Both by an index."""
    ended = Execution.objects.filter(finished_at__isnull=False).order_by("finished_at")
    with_events = Execution.objects.filter(events_pruned_at__isnull=True, last_seq__gt=0)
    days = with_events.order_by("event_day").values_list("event_day", flat=True)
    return ended.values_list("finished_at", flat=True).first(), days.first()


def next_pass() -> NextPass:
    """As Celery beat has noted it in the database."""
    lease = KeeperLease.objects.filter(name=LEASE, until__gte=timezone.now()).first()
    holder = lease.holder if lease else ""
    task = PeriodicTask.objects.filter(task=PRUNE_TASK).order_by("pk").first()
    if task is None:
        return NextPass(holder, None, "Celery beat has not started yet: nothing asks for a pass.")
    if not task.enabled:
        return NextPass(holder, None, "The schedule is switched off.")
    last = task.last_run_at or task.date_changed
    return NextPass(holder, last + timedelta(seconds=settings.RETENTION_EVERY_SECONDS), "")


def _models() -> Iterator[type[Model]]:
    for name in ("workflows", "observability"):
        yield from apps.get_app_config(name).get_models()


def _postgresql_tables() -> Iterator[Table]:
    for model in _models():
        name = model._meta.db_table  # noqa: SLF001 -- documented
        size, rows = _row(_OF_POSTGRESQL, name, name)
        yield Table(name, int(rows), exact=False, size_bytes=int(size))


def _sqlite_tables(*, sized: bool) -> Iterator[Table]:
    sizes = _sqlite_sizes() if sized else {}
    for model in _models():
        name = model._meta.db_table  # noqa: SLF001 -- documented
        rows = model._base_manager.order_by()[: COUNTED + 1].count()  # noqa: SLF001 -- documented
        yield Table(name, min(rows, COUNTED), rows <= COUNTED, sizes.get(name) if sized else None)


def _sqlite_sizes() -> dict[str, int]:
    """Each table with its indexes, in bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tbl_name, sum(pgsize) FROM dbstat('main', 1)"
            " JOIN sqlite_schema USING (name) GROUP BY tbl_name"
        )
        return dict(cursor.fetchall())


def _partitions() -> Iterator[Partition]:
    for day, name in partitions().items():
        size, rows = _row(_OF_POSTGRESQL, name, name)
        yield Partition(day, name, int(rows), int(size))


def _sorted(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    return tuple(sorted(tables, key=lambda table: (-(table.size_bytes or 0), -table.rows)))


def _row(query: str, *values: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found: tuple[int, ...] = cursor.fetchone()
        return found
