from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import LONG_AGO, ExecutionFactory, claim_of
from workflows.beat import Beat, Orders, StopReason, descendants
from workflows.models import Execution, Status

if TYPE_CHECKING:
    from collections.abc import Iterator


class Heard:
    """Orders that only note what they were asked, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []
        self.stopped = threading.Event()
        self.killed = threading.Event()
        self.paused = threading.Event()
        self.orders = Orders(
            stop=lambda reason: self._note("stop", reason, self.stopped),
            give_up=lambda reason: self._note("give_up", reason, threading.Event()),
            kill=lambda: self._note("kill", None, self.killed),
            pause=lambda paused: self._note("pause", paused, self.paused),
            may_leave=lambda: True,
            keeps=True,
        )

    def _note(self, name: str, reason: object, event: threading.Event) -> None:
        self.calls.append((name, reason))
        event.set()


@pytest.fixture
def _quick(settings: Any) -> None:
    settings.LEASE_SECONDS = 0.5
    settings.KILL_SECONDS = 0.3


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_quick")]


def test_a_beat_keeps_the_lease_ahead_of_the_clock() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, lease_until=LONG_AGO)

    with Beat(claim_of(execution), Heard().orders) as beat:
        deadline = time.monotonic() + 10
        while execution.lease_until == LONG_AGO and time.monotonic() < deadline:
            execution.refresh_from_db()

    assert execution.lease_until > timezone.now() - timedelta(seconds=5)
    assert beat.reason is None


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"cancel_requested_at": LONG_AGO}, StopReason.CANCEL),
        ({"deadline_at": LONG_AGO}, StopReason.DEADLINE),
        ({"token": 9}, StopReason.LOST),
        ({"status": Status.QUEUED}, StopReason.LOST),
    ],
)
def test_a_run_is_stopped_for_a_reason(columns: dict[str, Any], reason: StopReason) -> None:
    execution = ExecutionFactory(status=Status.RUNNING, token=1)
    heard = Heard()

    with Beat(claim_of(execution), heard.orders) as beat:
        Execution.objects.update(**columns)
        assert heard.stopped.wait(10)

    assert heard.calls == [("stop", reason)]
    assert beat.reason is reason


def test_a_run_that_does_not_react_is_written_off_and_killed() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, cancel_requested_at=LONG_AGO)
    heard = Heard()

    with Beat(claim_of(execution), heard.orders):
        assert heard.killed.wait(10)

    assert heard.calls == [
        ("stop", StopReason.CANCEL),
        ("give_up", StopReason.CANCEL),
        ("kill", None),
    ]


@pytest.fixture
def _no_database(transactional_db: None) -> Iterator[None]:
    """Every query about executions fails, until the test is over."""
    yield from table_hidden("workflows_execution")


def table_hidden(name: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {name} RENAME TO hidden")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE hidden RENAME TO {name}")


def test_a_run_stops_itself_before_its_lease_is_over_when_the_database_is_silent(
    request: pytest.FixtureRequest, settings: Any
) -> None:
    settings.LEASE_SECONDS = 1.0
    execution = ExecutionFactory(status=Status.RUNNING)
    heard = Heard()
    request.getfixturevalue("_no_database")
    started = time.monotonic()

    with Beat(claim_of(execution), heard.orders):
        assert heard.stopped.wait(10)
        waited = time.monotonic() - started
        assert heard.killed.wait(10)

    assert heard.calls[0] == ("stop", StopReason.LOST)
    assert 0.8 < waited < 5


def test_the_children_of_a_process_are_found_with_theirs() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    parent = subprocess.Popen(  # noqa: S603 -- our own code
        [sys.executable, "-c", code], stdin=subprocess.PIPE
    )
    deadline = time.monotonic() + 20

    found: list[int] = []
    while len(found) < 1 and time.monotonic() < deadline:
        found = descendants(parent.pid)
    mine = descendants(os.getpid())

    for pid in (*found, parent.pid):
        os.kill(pid, signal.SIGKILL)
    parent.communicate(timeout=10)
    assert len(found) == 1
    assert mine[mine.index(parent.pid) :][:2] == [parent.pid, *found]
