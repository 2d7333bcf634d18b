"""``manage.py sync`` as a process of its own."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command

from tests.factories import WorkflowFactory
from tests.fakes.examples import WORKFLOW
from tests.fakes.zeal import FakeZeal
from tests.observability.zeal.told import (
    add_events,
    completed,
    end,
    make_run,
    messages,
    row,
    seqs,
    told,
    until,
)
from workflows.models import KeeperLease, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.models import Execution


@pytest.fixture
def start() -> Iterator[Callable[[dict[str, str]], subprocess.Popen[str]]]:
    processes = []

    def begin(environment: dict[str, str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "sync"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


async def test_a_process_that_is_killed_loses_and_repeats_nothing(
    process_environment: dict[str, str],
    start: Callable[[dict[str, str]], subprocess.Popen[str]],
) -> None:
    async with FakeZeal("intended") as zeal:
        environment = process_environment | {"ZEAL_URL": zeal.url, "ZEAL_SOCKET": "off"}
        zeal.faults.only = "/api/zip/traces"
        zeal.faults.script.extend(["ok", "ok", "hang"])  # the second batch arrives, unanswered
        first = start(environment)
        run: Execution = await sync_to_async(make_run)(*messages(120))
        await until(lambda: len(seqs(zeal)) == 100)
        first.kill()
        first.wait()
        await KeeperLease.objects.all().adelete()  # instead of waiting until it is over
        second = start(environment)
        found = await told(run)
        second.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(second.wait, 60)

    assert (seqs(zeal), found.sent, found.repeated) == (list(range(1, 121)), 120, 0)
    assert code == 0
    assert not await KeeperLease.objects.aexists()


async def test_a_live_page_that_a_killed_process_had_under_way_is_counted_as_repeated(
    process_environment: dict[str, str],
    start: Callable[[dict[str, str]], subprocess.Popen[str]],
) -> None:
    async with FakeZeal("shipped") as zeal:
        environment = process_environment | {"ZEAL_URL": zeal.url}
        zeal.add_workflow(dict(WORKFLOW), "wf_1")
        workflow = await sync_to_async(WorkflowFactory)(zeal_id="wf_1")
        first = start(environment)
        make = sync_to_async(make_run)
        run: Execution = await make(completed(), workflow=workflow, status=Status.RUNNING)
        await until(lambda: row(run.pk, live_sent=1))
        zeal.faults.deaf = True
        await sync_to_async(add_events)(run, completed(), completed())
        await until(lambda: row(run.pk, live_under_way_seq=3))
        first.kill()
        first.wait()
        zeal.faults.deaf = False
        await KeeperLease.objects.all().adelete()  # instead of waiting until it is over
        await sync_to_async(end)(run)
        start(environment)
        found = await told(run, live="delivered")

    assert 3 <= len(zeal.record.of("runtime.event")) <= 3 + found.live_repeated
    assert (found.live_sent, found.live_repeated, found.live_under_way_seq) == (3, 2, 0)


def test_without_a_zeal_it_waits_and_does_nothing(
    process_environment: dict[str, str],
    start: Callable[[dict[str, str]], subprocess.Popen[str]],
) -> None:
    process = start(process_environment | {"ZEAL_URL": ""})
    assert process.stderr is not None
    said = process.stderr.readline()
    process.terminate()

    assert process.wait(60) == 0
    assert "headless: ZEAL_URL is empty" in said
    assert not KeeperLease.objects.exists()


def test_a_wrong_setting_is_told(settings: Any) -> None:
    settings.ZEAL_URL = "nonsense"

    with pytest.raises(CommandError, match="ZEAL_URL"):
        call_command("sync")
