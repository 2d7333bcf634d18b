"""What PostgreSQL gives a web process, and what it answers when that is over."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as own
from django.db import OperationalError, connection, connections, transaction

from reflow_site.database_timeouts import limit_this_process, web_options
from tests.factories import UserFactory
from workflows.api.errors import failure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite has SQLITE_BUSY_SECONDS"
)
SHOW = """
import reflow_site.asgi
from django.db import connection
with connection.cursor() as cursor:
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SHOW {name}")
        print(cursor.fetchone()[0])
"""


def test_a_limit_of_0_is_none(settings: Any) -> None:
    settings.DATABASE_STATEMENT_SECONDS = 1.5
    settings.DATABASE_LOCK_SECONDS = 0.0

    assert web_options() == (
        "-c statement_timeout=1500 -c idle_in_transaction_session_timeout=10000"
    )


@pytest.fixture
def options() -> Iterator[dict[str, Any]]:
    """Those of the database, as they were before."""
    given = connections.settings["default"]
    before = dict(given["OPTIONS"])
    yield given
    given["OPTIONS"] = before


def test_what_the_operator_gave_stays_and_wins(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(options, "ENGINE", "django.db.backends.postgresql")
    options["OPTIONS"] = {"options": "-c lock_timeout=1"}

    limit_this_process()

    assert options["OPTIONS"]["options"] == f"{web_options()} -c lock_timeout=1"


def test_sqlite_is_left_alone(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(options, "ENGINE", "django.db.backends.sqlite3")
    options["OPTIONS"] = {}

    limit_this_process()

    assert options["OPTIONS"] == {}


@on_postgresql
def test_a_web_process_has_the_three_limits(process_environment: dict[str, str]) -> None:
    shown = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", SHOW],
        cwd=own.BASE_DIR,
        env=process_environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )

    assert shown.stdout.split() == ["5s", "2s", "10s"]


def answer_to(error: BaseException) -> tuple[int, str]:
    assert isinstance(error, OperationalError)
    answer = failure_of(error)
    assert (answer.headers or {})["Retry-After"] == "5"
    return answer.status, answer.code


@on_postgresql
@pytest.mark.django_db
def test_a_statement_that_takes_too_long_is_a_503() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 20")
        with pytest.raises(OperationalError) as slow, transaction.atomic():
            cursor.execute("SELECT pg_sleep(30)")

    assert answer_to(slow.value) == (503, "database_slow")


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_lock_that_takes_too_long_is_a_503() -> None:
    user = UserFactory()
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            type(user).objects.select_for_update().get(pk=user.pk)
            held.set()
            over.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(30)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 20")
        with pytest.raises(OperationalError) as locked, transaction.atomic():
            type(user).objects.select_for_update().get(pk=user.pk)
    over.set()
    other.join()

    assert answer_to(locked.value) == (503, "database_slow")
