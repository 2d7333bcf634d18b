"""``python -m benchmarks.retention [--events N]``: what a site answers while retention works.

It prints the tables of docs/operations.md. A server as ``make run`` starts it, on a new SQLite file
and on a private PostgreSQL; one client that sends GET requests for a run, its events and a list,
first alone and then beside ``manage.py prune --events-only``. On PostgreSQL the events go twice:
row by row, and as a partition that is dropped.
"""

# ruff: noqa: PLC0415 -- Django's models are there only after the settings are chosen
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.machine import ROOT
from benchmarks.server.place import database, running_server

if TYPE_CHECKING:
    from tests.e2e.server import Server

EVENTS_A_RUN = 50
DAYS_OLD = 20  # longer than events are kept
BEFORE_SECONDS = 15.0
MODES = {"sqlite": ("rows",), "postgresql": ("rows", "partition")}
HEAD = """\
| Database | | Requests | p50 | p95 | p99 | Longest |
| --- | --- | --- | --- | --- | --- | --- |
"""
FILL = """
INSERT INTO workflows_executionevent (execution_id, seq, type, node, at, data, day)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)
SELECT id, n, 'MessageSent', 'first', created_at, %s, event_day
FROM workflows_execution CROSS JOIN numbers
WHERE last_seq > 0 AND events_pruned_at IS NULL AND event_day = %s
"""


@dataclass(slots=True)
class Asked:
    """How long requests took, in milliseconds."""

    took: list[float] = field(default_factory=list)
    refused: int = 0

    def line(self, profile: str, what: str) -> str:
        ordered = sorted(self.took)
        middle, high, higher = (
            ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.95, 0.99)
        )
        figures = (middle, high, higher, ordered[-1])
        shown = " | ".join(f"{figure:,.1f} ms" for figure in figures)
        refused = f", {self.refused} refused" if self.refused else ""
        return f"| {profile} | {what} | {len(ordered):,}{refused} | {shown} |\n"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--only", choices=tuple(MODES), help="one of the databases")
    parser.add_argument("--fill", choices=("rows", "partition"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.fill:
        fill(given.events, given.fill)
        return
    sys.stdout.write(HEAD)
    for profile in [given.only] if given.only else MODES:
        measure(profile, given.events)


def measure(profile: str, events: int) -> None:
    with database(profile) as url, running_server(url, 1) as server:
        for mode in MODES[profile]:
            environment = os.environ | {"DATABASE_URL": url, "REFLOW_VAR": str(server.folder)}
            command = [sys.executable, "-m", "benchmarks.retention", "--fill", mode]
            subprocess.run(  # noqa: S603 -- our own program
                [*command, "--events", str(events)], cwd=ROOT, env=environment, check=True
            )
            asked = ask(server, until=time.monotonic() + BEFORE_SECONDS)
            say(asked.line(profile, f"before, {mode}"))
            started = time.monotonic()
            with subprocess.Popen(
                [sys.executable, "manage.py", "prune", "--events-only"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            ) as pruning:
                asked = ask(server, pruning=pruning)
                told, _ = pruning.communicate()
            took = time.monotonic() - started
            say(asked.line(profile, f"during, {mode}, {took:.0f} s"))
            sys.stderr.write(f"{profile}, {mode}: {told.splitlines()[-1]}\n")


def say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def ask(
    server: Server, *, until: float = 0.0, pruning: subprocess.Popen[str] | None = None
) -> Asked:
    """Send one request after the other until a moment, or while a process runs."""
    asked = Asked()
    paths = ("executions/young", "executions/young/events", "executions?page_size=20")
    with server.client() as client:
        while time.monotonic() < until or (pruning and pruning.poll() is None):
            path = paths[len(asked.took) % len(paths)]
            started = time.perf_counter()
            answer = client.get(f"/api/v1/{path}", timeout=60)
            asked.took.append((time.perf_counter() - started) * 1000)
            asked.refused += answer.status_code != 200
    return asked


def fill(events: int, mode: str) -> None:
    """Runs that ended long ago, with their events, and a young one to ask for."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "reflow_site.settings"
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import connection

    from engine.graph import Graph
    from workflows.models import Execution
    from workflows.starts import posted_version

    owner = get_user_model().objects.get(username="admin")
    version: Any = posted_version(owner, Graph("empty", case_sensitive=True))
    # Of the rows, on a day without a partition.
    at = datetime.now(UTC) - timedelta(days=DAYS_OLD + (mode == "partition"))
    row: dict[str, Any] = {"owner": owner, "version": version, "status": "completed"}
    old = [
        Execution(
            **row,
            execution_id=f"{mode}-{number}",
            finished_at=at,
            event_day=at.date(),
            last_seq=EVENTS_A_RUN,
        )
        for number in range(events // EVENTS_A_RUN)
    ]
    Execution.objects.bulk_create(old, batch_size=1_000)
    young = row | {"finished_at": datetime.now(UTC), "last_seq": EVENTS_A_RUN}
    Execution.objects.get_or_create(owner=owner, execution_id="young", defaults=young)
    with connection.cursor() as cursor:
        if mode == "partition":
            cursor.execute(
                f"CREATE TABLE workflows_executionevent_d{at:%Y%m%d}"
                " PARTITION OF workflows_executionevent"
                f" FOR VALUES FROM ('{at:%Y-%m-%d}') TO ('{at + timedelta(days=1):%Y-%m-%d}')"
            )
        for day in {at.date(), datetime.now(UTC).date()} - _filled():
            cursor.execute(FILL, [EVENTS_A_RUN, '{"message":"' + "x" * 150 + '"}', day])


def _filled() -> set[Any]:
    """The days whose events are there already."""
    from workflows.models import ExecutionEvent

    return set(ExecutionEvent.objects.order_by().values_list("day", flat=True).distinct())


if __name__ == "__main__":
    main(sys.argv[1:])
