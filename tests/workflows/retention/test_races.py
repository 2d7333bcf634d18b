"""Retention beside others: starts, other transactions, and processes that die."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as own
from django.db import connection, transaction

from reflow_site.storage import storages
from tests.e2e.server import wait_for
from tests.factories import ExecutionFactory, UserFactory, WorkflowVersionFactory, one_node_graph
from workflows import payload_objects, payloads, starts
from workflows.errors import PayloadError
from workflows.models import Execution, Payload, WorkflowVersion
from workflows.payloads import keep, read, remove
from workflows.services import start_execution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LARGE = json.dumps("x" * 1_000)
SECONDS = 30.0
CRASH = """
import django, os, signal
django.setup()
from django.core.management import call_command
from django.db import transaction
call_command("migrate", verbosity=0)
from tests.factories import ExecutionFactory
from workflows.payloads import keep
run = ExecutionFactory()
with transaction.atomic():
    keep(run.pk, "input", "x" * 2_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""

postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite lets one writer in at a time"
)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.PAYLOAD_INLINE_BYTES = 100
    settings.STORAGES = storages("file", tmp_path, {})
    return tmp_path


def elsewhere(call: Callable[[], Any]) -> Any:
    """What a call gives on a connection of its own."""
    try:
        return call()
    finally:
        connection.close()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        (waiting,) = cursor.fetchone()
    return bool(waiting)


@postgresql
@pytest.mark.django_db(transaction=True)
def test_a_start_whose_graph_is_removed_at_that_moment_posts_it_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = UserFactory()
    posted = starts.posted_version
    removed: list[int] = []

    def removed_then(*arguments: Any) -> WorkflowVersion:
        version = posted(*arguments)
        if not removed:
            removed.append(version.pk)
            gone = WorkflowVersion.objects.filter(pk=version.pk)
            with ThreadPoolExecutor(1) as other:
                other.submit(elsewhere, gone.delete).result(SECONDS)
        return version

    WorkflowVersionFactory(
        owner=owner, graph=one_node_graph().to_json(), checksum=one_node_graph().checksum()
    )
    monkeypatch.setattr("workflows.services.posted_version", removed_then)
    started = start_execution(owner=owner, graph=one_node_graph())

    assert started.created
    assert Execution.objects.get().version_id not in removed


@postgresql
@pytest.mark.django_db(transaction=True)
def test_a_text_that_is_used_again_while_it_is_being_removed_is_there(folder: Path) -> None:
    run = ExecutionFactory()
    with transaction.atomic():
        keep(run.pk, "input", LARGE)
    payloads.release(run.pk, "input")
    row = Payload.objects.get()

    def use() -> str:
        with transaction.atomic():
            return keep(run.pk, "result", LARGE)

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            size = remove(row.pk)
            used = other.submit(elsewhere, use)
            wait_for(somebody_waits, SECONDS)
        mark = used.result(SECONDS)

    assert size == len(LARGE)
    assert read(mark) == LARGE
    assert Payload.objects.get().pk != row.pk


@postgresql
@pytest.mark.django_db(transaction=True)
def test_a_text_whose_use_is_about_to_be_committed_is_not_removed(folder: Path) -> None:
    run = ExecutionFactory()
    with transaction.atomic():
        keep(run.pk, "input", LARGE)
    payloads.release(run.pk, "input")
    row = Payload.objects.get()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            mark = keep(run.pk, "result", LARGE)
            removed = other.submit(elsewhere, lambda: remove(row.pk))
            wait_for(somebody_waits, SECONDS)
        answer = removed.result(SECONDS)

    assert answer is None
    assert read(mark) == LARGE


@pytest.mark.timeout(180)  # three programs, one of which makes a database
def test_a_process_that_is_killed_before_its_commit_leaves_only_a_file_that_prune_removes(
    tmp_path: Path,
) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "reflow_site.settings",
        "REFLOW_VAR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/crash.sqlite3",
        "PAYLOAD_INLINE_BYTES": "1000",
    }

    def program(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, *arguments],
            cwd=own.BASE_DIR,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
        )

    killed = program("-c", CRASH)
    left = [path for path in (tmp_path / "payloads").rglob("*") if path.is_file()]
    sizes = [path.stat().st_size for path in left]
    pruned = program("manage.py", "prune")

    assert killed.returncode == -9, killed.stderr
    assert sizes == [2_000]
    assert "; 1 files, 2000 bytes" in pruned.stdout, pruned.stderr
    assert not left[0].exists()


@pytest.mark.django_db
def test_a_bucket_that_never_answers_is_an_error_without_its_secret(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(payload_objects, "READ_SECONDS", 0.1)
    monkeypatch.setattr(payload_objects, "ATTEMPTS", 1)
    run = ExecutionFactory()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        given = {
            "bucket_name": "reflow",
            "endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "region_name": "us-east-1",
            "access_key": "a-key",
            "secret_key": "a-secret",
        }
        settings.STORAGES = storages("s3", tmp_path, given)
        with pytest.raises(PayloadError) as refused, transaction.atomic():
            keep(run.pk, "input", LARGE)

    assert "did not give or take sha256:" in str(refused.value)
    assert "a-secret" not in f"{refused.value} {refused.value.__cause__!r}"
    assert not Payload.objects.exists()
