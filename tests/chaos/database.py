"""The database as an outsider reads it: by SQL, on a connection that nothing else uses."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg

from tests.chaos.facts import Event, Row, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

ERRORS = (sqlite3.Error, psycopg.Error)
BUSY_SECONDS = 20.0
LIVE = "finished_at IS NULL"


class Database:
    """``address`` is a PostgreSQL URL, or the path of an SQLite file."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_postgres = address.startswith("postgres")

    def connect(self) -> Any:
        if self.is_postgres:
            return psycopg.connect(self.address, autocommit=True, connect_timeout=2)
        return sqlite3.connect(self.address, timeout=BUSY_SECONDS, isolation_level=None)

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection:
            return list(connection.execute(sql).fetchall())

    def seconds(self, column: str) -> str:
        """A moment as seconds since the epoch."""
        if self.is_postgres:
            return f"extract(epoch FROM {column})::float"
        now = "'now'" if column == "now()" else column
        return f"(julianday({now}) - 2440587.5) * 86400.0"

    def held(self) -> list[tuple[str, str, int, int]]:
        """Running runs: id, worker, process, attempt."""
        return self.read(
            "SELECT execution_id, worker, worker_pid, attempt FROM workflows_execution"
            " WHERE status = 'running' AND worker_pid IS NOT NULL"
        )

    def unfinished(self) -> int:
        sql = f"SELECT count(*) FROM workflows_execution WHERE {LIVE}"  # noqa: S608 -- ours
        return int(self.read(sql)[0][0])

    def overdue(self, at: float) -> list[Said]:
        """Running runs whose lease is over, and since how many seconds."""
        late = f"{self.seconds('now()')} - {self.seconds('lease_until')}"
        sql = f"SELECT execution_id, {late} FROM workflows_execution WHERE status = 'running'"  # noqa: S608 -- ours
        return [Said(at, run, float(late)) for run, late in self.read(sql)]

    def rows(self) -> Iterator[Row]:
        sql = (
            "SELECT execution_id, status, attempt, attempts_lost, last_seq, error_code, error,"
            " result FROM workflows_execution"
        )
        for row in self.read(sql):
            outputs = json.loads(row[-1]).get("outputs", {}) if row[-1] else {}
            yield replace(Row(*row[:-1]), outputs=outputs)

    def events(self) -> Iterator[Event]:
        sql = (
            "SELECT x.execution_id, e.seq, e.type, "  # noqa: S608 -- ours
            f"{self.seconds('e.at')}, e.node, CASE WHEN e.type IN ('ActorLogged', 'Requeued')"
            " THEN e.data ELSE '{}' END FROM workflows_executionevent e"
            " JOIN workflows_execution x ON x.id = e.execution_id ORDER BY x.execution_id, e.seq"
        )
        for run, seq, kind, at, node, data in self.read(sql):
            yield Event(run, seq, kind, at, node, json.loads(data))
