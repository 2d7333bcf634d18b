from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import LONG_AGO, WorkerFactory
from workflows.heartbeat import Heartbeat
from workflows.models import Worker
from workflows.workers import live_workers

pytestmark = pytest.mark.django_db(transaction=True)


def wait_for_row() -> None:
    deadline = time.monotonic() + 10
    while not live_workers().exists() and time.monotonic() < deadline:
        pass


def test_a_worker_gives_a_sign_of_life_until_it_stops() -> None:
    heartbeat = Heartbeat("celery@a", slots=3)
    heartbeat.start()
    wait_for_row()

    row = live_workers().get()
    heartbeat.stop()
    heartbeat.join()

    assert (row.name, row.pid, row.slots) == ("celery@a", os.getpid(), 3)
    assert Worker.objects.get().stopping is True
    assert not live_workers().exists()


def test_a_restarted_worker_takes_its_row_again() -> None:
    WorkerFactory(
        name="celery@a",
        stopping=True,
        seen_at=LONG_AGO,
        started_at=LONG_AGO,
        losses=2,
        quarantined_until=timezone.now() + timedelta(minutes=1),
    )

    heartbeat = Heartbeat("celery@a", slots=1)
    heartbeat.start()
    wait_for_row()
    heartbeat.stop()
    heartbeat.join()

    row = Worker.objects.get()
    assert row.started_at > LONG_AGO
    assert (row.losses, row.quarantined_until) == (0, None)


def test_a_process_that_is_forked_meanwhile_can_fork_too() -> None:
    heartbeat = Heartbeat("celery@a", slots=1)
    heartbeat.start()

    child = os.fork()
    if child == 0:
        os._exit(0)
    _, status = os.waitpid(child, 0)
    heartbeat.stop()
    heartbeat.join()

    assert os.waitstatus_to_exitcode(status) == 0
