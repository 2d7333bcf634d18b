"""A database that cannot serve: nothing is lost, nothing is counted against a run, all hear why."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from engine.graph import Graph
from tests.factories import UserFactory
from tests.workflows.api.conftest import client_of
from tests.workflows.sockets import WAIT, socket
from workflows.lifecycle import Claim, claim_next
from workflows.models import Execution, ExecutionEvent, Status
from workflows.recovery import Reaper
from workflows.repeats import Repeats
from workflows.runner import run
from workflows.services import start_execution
from workflows.trouble import Trouble, trouble_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.contrib.auth.models import User

on_sqlite = pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="PostgreSQL's full disk is seen by hand"
)


def raised(code: int) -> OperationalError:
    error = OperationalError("x")
    error.__cause__ = sqlite3.OperationalError("x")
    error.__cause__.sqlite_errorcode = code
    return error


def of_postgresql(state: str) -> OperationalError:
    error = OperationalError("x")
    error.__cause__ = psycopg.errors.lookup(state)("x")
    return error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (raised(sqlite3.SQLITE_FULL), Trouble.FULL),
        (raised(sqlite3.SQLITE_IOERR_WRITE), Trouble.FULL),
        (raised(sqlite3.SQLITE_BUSY_SNAPSHOT), Trouble.SLOW),
        (raised(sqlite3.SQLITE_READONLY), Trouble.AWAY),
        (raised(sqlite3.SQLITE_ERROR), None),
        (of_postgresql("53100"), Trouble.FULL),
        (of_postgresql("57014"), Trouble.SLOW),
        (of_postgresql("55P03"), Trouble.SLOW),
        (of_postgresql("57P01"), Trouble.AWAY),
        (of_postgresql("25006"), Trouble.AWAY),
        (of_postgresql("42703"), None),
        (psycopg.OperationalError("connection refused"), Trouble.AWAY),
        (OperationalError("connection refused"), Trouble.AWAY),
        (InterfaceError("connection already closed"), Trouble.AWAY),
        (ValueError("x"), None),
        (None, None),
    ],
)
def test_an_error_of_the_database_says_what_is_the_matter(
    error: BaseException | None, trouble: Trouble | None
) -> None:
    assert trouble_of(error) is trouble


@pytest.fixture
def full_disk(transactional_db: None) -> Iterator[None]:
    """SQLite may take no further page, as on a disk without room."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # no free page is left inside the file
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        yield
        _free()


def _free() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")


def chatty() -> Graph:
    """A run that writes much: a list of a thousand, item by item."""
    graph = Graph("chatty", case_sensitive=True)
    graph.add_node("each", "tpl_loop")
    graph.add_node("pass", "tpl_passthrough")
    graph.add_connection("each", "item", "pass", "input")
    graph.add_inport("in", "each", "collection")
    return graph


def claimed() -> Claim:
    start_execution(owner=UserFactory(), graph=chatty(), input={"in": ["x" * 99] * 1000})
    claim = claim_next("celery@test", 1)
    assert claim is not None
    return claim


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_run_whose_events_find_no_room_is_queued_again_and_completes_with_room(
    request: pytest.FixtureRequest,
) -> None:
    claim = claimed()
    request.getfixturevalue("full_disk")

    assert async_to_sync(run)(claim) is False

    row = Execution.objects.get()
    assert (row.status, row.attempts_lost, row.worker) == (Status.QUEUED, 0, "")
    last = ExecutionEvent.objects.latest("seq")
    assert (last.type, last.data) == (
        "Requeued",
        '{"attempt":1,"reason":"it could not be written (storage_full)"}',
    )

    _free()
    again = claim_next("celery@test", 1)
    assert again is not None
    assert async_to_sync(run)(again) is True

    row = Execution.objects.get()
    numbers = list(ExecutionEvent.objects.values_list("seq", flat=True).order_by("seq"))
    assert (row.status, row.attempts_lost, row.attempt) == (Status.COMPLETED, 0, 2)
    assert numbers == list(range(1, row.last_seq + 1))
    assert connection.cursor().execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_start_on_a_full_disk_is_a_503_that_says_so(
    request: pytest.FixtureRequest, owner: User
) -> None:
    api = client_of(owner)
    body = {"graph_json": chatty().to_dict(), "input": {"in": ["x" * 100_000]}}
    request.getfixturevalue("full_disk")

    refused, read = api.post("/workflows", body), api.get("/api/v1/executions")

    assert (refused.status_code, refused.json()["code"]) == (503, "storage_full")
    assert refused.json()["error"] == "the disk of the database is full"
    assert refused["Retry-After"] == "5"
    assert (read.status_code, read.json()["results"]) == (200, [])


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_page_that_cannot_be_written_says_so_to_people(
    request: pytest.FixtureRequest, admin_user: User
) -> None:
    pages = Client(raise_request_exception=False)
    pages.force_login(admin_user)
    graph = chatty()
    graph.properties["description"] = "x" * 100_000
    request.getfixturevalue("full_disk")

    refused = pages.post("/admin/workflows/workflow/add/", {"name": "n", "graph": graph.to_json()})

    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert "Not now: the disk of the database is full" in refused.content.decode()


@pytest.mark.django_db
def test_a_socket_is_refused_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any, **_options: Any) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        closed = async_to_sync(_connect)()

    assert closed == (False, 4503)


async def _connect() -> tuple[bool, int]:
    answer: tuple[bool, int] = await socket(authorization="Bearer x").connect(timeout=WAIT)
    return answer


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_anothers_by_now_is_not_put_back() -> None:
    claim = claimed()
    stale = Claim(claim.pk, claim.execution_id, claim.token - 1)

    assert async_to_sync(run)(stale) is False

    assert Execution.objects.get().status == Status.RUNNING


@pytest.mark.django_db(transaction=True)
def test_after_trouble_the_keeper_lets_workers_put_their_runs_back_first() -> None:
    claim = claimed()
    Execution.objects.update(lease_until="2026-01-01T00:00:00Z")

    reaper = Reaper()
    reaper.rest()
    reaper.look()
    kept = Execution.objects.get(pk=claim.pk).status
    Reaper().look()
    taken = Execution.objects.get(pk=claim.pk).status

    assert (kept, taken) == (Status.RUNNING, Status.QUEUED)


def test_what_lasts_is_said_at_its_begin_each_minute_and_at_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    lasting = Repeats(logging.getLogger("test"), clock=lambda: now[0])

    for second in (0, 1, 59, 61, 62):
        now[0] = float(second)
        lasting.wrong("away: %s", second)
    for second in (63, 73, 74):
        now[0] = float(second)
        lasting.right(f"back: {second}")

    assert [record.getMessage() for record in caplog.records] == [
        "away: 0",
        "3 times in 60 s:",
        "away: 61",
        "back: 73",
    ]


def test_the_file_of_a_full_database_is_whole(tmp_path: Path) -> None:
    """What the fixture above rests on: SQLite says FULL, and keeps what it had."""
    file = sqlite3.connect(tmp_path / "x.sqlite3")
    file.execute("CREATE TABLE t (x)")
    file.execute("PRAGMA max_page_count = 3")

    with pytest.raises(sqlite3.OperationalError) as refused:
        file.execute("INSERT INTO t VALUES (?)", ("x" * 100_000,))

    assert trouble_of(refused.value) is Trouble.FULL
    assert file.execute("SELECT count(*) FROM t").fetchone() == (0,)
    file.close()
