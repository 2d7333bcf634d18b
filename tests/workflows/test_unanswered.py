"""A run that reacts to nothing is ended with its process, and the truth is written before."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.factories import UserFactory, graph_of
from workflows.models import Execution, ExecutionEvent, Status
from workflows.services import cancel_execution, start_execution

if TYPE_CHECKING:
    from collections.abc import Iterator

CHILD = """
import django
django.setup()
from workflows.tasks import run_execution
run_execution("")
"""


@pytest.fixture
def child(process_environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = process_environment | {
        "DJANGO_SETTINGS_MODULE": "reflow_site.settings",
        "REFLOW_ACTORS": "tests.workflows.actors:ACTORS",
        "KILL_SECONDS": "0.5",
    }
    process = subprocess.Popen(  # noqa: S603 -- our own code
        [sys.executable, "-c", CHILD], env=environment, stderr=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.usefixtures("test_actors")
def test_a_cancelled_run_that_holds_its_process_is_killed_with_it(
    transactional_db: None, request: pytest.FixtureRequest
) -> None:
    start = start_execution(owner=UserFactory(), graph=graph_of("test_stubborn"), input={"in": 1})
    process: subprocess.Popen[bytes] = request.getfixturevalue("child")
    deadline = time.monotonic() + 40
    while Execution.objects.get().status == Status.QUEUED and time.monotonic() < deadline:
        time.sleep(0.05)

    cancel_execution(execution=start.execution, by="ann", reason="it hangs")

    assert process.wait(20) == -signal.SIGKILL
    event = ExecutionEvent.objects.latest("seq")
    assert Execution.objects.get().status == Status.CANCELLED
    assert (event.type, json.loads(event.data)["by"]) == ("Cancelled", "ann")
