"""The keeper as a process of its own, with a file database."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.factories import LONG_AGO, ExecutionFactory
from workflows.models import KeeperLease, Status

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def keeper(process_environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "keeper"], env=process_environment, stderr=subprocess.PIPE
    )
    yield process
    process.kill()
    process.communicate()


def test_a_keeper_queues_lost_runs_again_and_leaves_at_the_first_signal(
    keeper: subprocess.Popen[bytes],
) -> None:
    execution = ExecutionFactory(status=Status.RUNNING, lease_until=LONG_AGO)
    deadline = time.monotonic() + 40

    while execution.status == Status.RUNNING and time.monotonic() < deadline:
        time.sleep(0.1)
        execution.refresh_from_db()
    keeper.send_signal(signal.SIGTERM)

    assert (execution.status, execution.attempts_lost) == (Status.QUEUED, 1)
    assert keeper.wait(20) == 0
    assert not KeeperLease.objects.exists()
