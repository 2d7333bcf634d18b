"""The events of each day as a partition of their own on PostgreSQL; elsewhere there are none.

A day is that of a run's creation, so that all events of a run stand together. What comes on a day
without a partition goes to the one for the rest: no write ever fails for want of one.
"""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, date, datetime, timedelta

from django.db import Error as DatabaseError
from django.db import connection, transaction

from workflows.models import FIRST_DAY, ExecutionEvent, today

logger = logging.getLogger(__name__)

TABLE = ExecutionEvent._meta.db_table  # noqa: SLF001 -- documented
BEFORE = f"{TABLE}_before"  # of the runs that were there before there were partitions
REST = f"{TABLE}_rest"
DAYS_AHEAD = 7
LOOK_SECONDS = 3600.0
RETRY_SECONDS = 60.0
LOCK_WAIT = "500ms"  # everybody waits behind one who waits for the whole table


class Ahead:
    """Makes the partitions of the next days, each hour; called more often it does nothing."""

    def __init__(self) -> None:
        self._next = 0.0

    def look(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        try:
            make_ahead()
            self._next = now + LOOK_SECONDS
        except DatabaseError as error:
            logger.warning("no partition was made; trying again: %s", error)
            self._next = now + RETRY_SECONDS


def partitions() -> dict[date, str]:
    """The tables of the days that have one, the oldest first."""
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = %s::regclass ORDER BY 1",
            [TABLE],
        )
        names = [name for (name,) in cursor.fetchall()]
    found = {FIRST_DAY: BEFORE} if BEFORE in names else {}
    for name in names:
        if match := re.fullmatch(rf"{TABLE}_d(\d{{8}})", name):
            found[datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC).date()] = name
    return found


def make_ahead() -> int:
    """Make the partitions of today and the next week that are missing.

    A day of which the rest holds events already gets none: they would have to move.

    Returns:
        How many were made.

    Raises:
        DatabaseError: one could not be made; most often somebody used the table for too long.
    """
    if connection.vendor != "postgresql":
        return 0
    there = partitions()
    days = (today() + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1))
    return sum(_make(day) for day in days if day not in there)


def drop(name: str) -> None:
    """Remove a partition with all its events, in a moment.

    Raises:
        DatabaseError: the table was in use for longer than ``LOCK_WAIT``; nothing has changed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}")


def _make(day: date) -> bool:
    name = f"{TABLE}_d{day:%Y%m%d}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        cursor.execute(f"SELECT EXISTS (SELECT FROM {REST} WHERE day = %s)", [day])  # noqa: S608 -- ours
        (taken,) = cursor.fetchone()
        if taken:
            return False
        # Attached, not created as a partition: that would lock out readers and writers.
        cursor.execute(
            f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        cursor.execute(
            f"ALTER TABLE {TABLE} ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        )
    return True
