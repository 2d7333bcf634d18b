"""The keeper as a process of its own, with a file database."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.factories import LONG_AGO, ExecutionFactory
from workflows.models import Execution, KeeperLease, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


pytestmark = pytest.mark.timeout(150)


@contextmanager
def keeper(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "keeper"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def hung_broker(tmp_path: Path) -> Iterator[str]:
    """The address of a server that takes every connection and never says a word."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "hung.sock"))
        server.listen(64)
        yield f"unix://{tmp_path}/hung.sock"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 25
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def lost_run() -> Execution:
    execution: Execution = ExecutionFactory(status=Status.RUNNING, lease_until=LONG_AGO)
    return execution


def is_queued(execution: Execution) -> bool:
    execution.refresh_from_db()
    return (execution.status, execution.attempts_lost) == (Status.QUEUED, 1)


def test_a_keeper_queues_lost_runs_again_and_leaves_at_the_first_signal(
    process_environment: dict[str, str],
) -> None:
    execution = lost_run()

    with keeper(process_environment) as process:
        until(lambda: is_queued(execution))
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0
    assert not KeeperLease.objects.exists()


def test_a_broker_that_hangs_does_not_hold_up_what_makes_pages_true(
    process_environment: dict[str, str], hung_broker: str
) -> None:
    ExecutionFactory(created_at=LONG_AGO)  # a worker is to be told of it, which takes a minute here
    settings = {"REDIS_URL": hung_broker, "BROKER_URL": "", "HINT_TIMEOUT_SECONDS": "60"}

    with keeper(process_environment | settings):
        first = lost_run()
        until(lambda: is_queued(first))
        second = lost_run()  # while the broker is being asked
        until(lambda: is_queued(second))
