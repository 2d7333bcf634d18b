from __future__ import annotations

import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from reflow_site.sqlite3 import base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.django_db

BUSY = base.is_busy


def connected(path: Path, timeout: float) -> Any:
    options = {"transaction_mode": "IMMEDIATE", "timeout": timeout}
    handler = ConnectionHandler(
        {"default": {"ENGINE": "reflow_site.sqlite3", "NAME": path, "OPTIONS": options}}
    )
    found: Any = handler["default"]
    found.inc_thread_sharing()
    return found


def busy_timeout(connection: Any) -> int:
    with connection.cursor() as cursor:
        value: int = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
    return value


@pytest.fixture
def other(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that has the lock for writing."""
    connection = sqlite3.connect(
        tmp_path / "db.sqlite3", isolation_level=None, check_same_thread=False
    )
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_a_writer_gets_its_turn_as_soon_as_the_other_one_is_done(
    tmp_path: Path, other: sqlite3.Connection
) -> None:
    connection = connected(tmp_path / "db.sqlite3", 30.0)
    began = threading.Event()

    def write() -> None:
        connection.ensure_connection()
        began.set()
        connection._start_transaction_under_autocommit()

    writer = threading.Thread(target=write)
    writer.start()
    assert began.wait(10)
    assert writer.is_alive()
    other.execute("COMMIT")
    writer.join(10)

    assert connection.connection.in_transaction
    assert busy_timeout(connection) == 30_000
    connection.close()


def test_a_thread_of_this_process_goes_on_when_another_one_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LOOK_SECONDS", 60.0)  # nobody looks by himself
    first, second = (connected(tmp_path / "db.sqlite3", 90.0) for _ in range(2))
    second.ensure_connection()
    first.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    looked = threading.Event()
    writer = threading.Thread(target=second._start_transaction_under_autocommit)

    def look(error: sqlite3.Error) -> bool:
        looked.set()
        return BUSY(error)

    monkeypatch.setattr(base, "is_busy", look)
    writer.start()
    assert looked.wait(10)
    first.commit()
    writer.join(10)

    assert second.connection.in_transaction
    for connection in (first, second):
        connection.close()


def test_a_forked_child_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    connection = connected(tmp_path / "db.sqlite3", 90.0)
    held = connection._queue.first
    with held:
        child = os.fork()
        if child == 0:
            os._exit(connection._queue.first.locked())
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_a_writer_that_waits_for_too_long_is_told_so(
    tmp_path: Path, other: sqlite3.Connection
) -> None:
    connection = connected(tmp_path / "db.sqlite3", 0.05)
    connection.ensure_connection()
    started = time.monotonic()

    with pytest.raises(OperationalError, match="database is locked"):
        connection._start_transaction_under_autocommit()

    assert time.monotonic() - started >= 0.05
    assert busy_timeout(connection) == 50
    connection.close()


def test_every_sqlite_database_of_ours_has_this_backend(settings: Any) -> None:
    engine = settings.DATABASES["default"]["ENGINE"]

    assert engine == "reflow_site.sqlite3" or not engine.endswith("sqlite3")
