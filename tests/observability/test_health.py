from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from rest_framework.authtoken.models import Token

from observability.health import Check, as_dicts, is_ready, measure, measure_all
from tests.factories import UserFactory, WorkerFactory
from workflows.models import KeeperLease

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.test import Client

NO_BROKER = "redis+socket:///nowhere/broker.sock"


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {Token.objects.create(user=user).key}"}


@pytest.fixture
def _broker() -> Iterator[None]:
    """A broker that is always there."""
    from celery import current_app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current_app.conf, "broker_url", "memory://")
        yield


@pytest.fixture
def _no_broker() -> Iterator[None]:
    from celery import current_app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current_app.conf, "broker_url", NO_BROKER)
        yield


def test_everybody_may_ask_whether_the_server_is_healthy(client: Client) -> None:
    answer = client.get("/health", headers={"Authorization": "Bearer wrong"})

    body = answer.json()
    assert answer.status_code == 200
    assert body == {"success": True, "data": "Server is healthy", "timestamp": body["timestamp"]}
    assert isinstance(body["timestamp"], int)


def test_the_process_itself_answers_in_plain_text(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_broker")
def test_a_server_without_its_broker_is_not_ready(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"database": True, "broker": False, "channel layer": True}


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker")
def test_a_server_whose_parts_work_is_ready(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"database": True, "broker": True, "channel layer": True}


@pytest.mark.django_db
def test_the_detail_needs_a_user(client: Client) -> None:
    answer = client.get("/health?detail=1")

    assert answer.status_code == 401
    assert answer.json()["success"] is False


@pytest.mark.django_db
def test_the_detail_is_for_staff(client: Client) -> None:
    answer = client.get("/health?detail=1", headers=bearer(UserFactory()))

    assert answer.status_code == 403


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker")
def test_staff_see_every_part_measured(client: Client) -> None:
    WorkerFactory(slots=4)
    KeeperLease.objects.create(name="keeper", holder="h", until=datetime(2226, 1, 1, tzinfo=UTC))

    answer = client.get("/health?detail=1", headers=bearer(UserFactory(is_staff=True)))

    data = answer.json()["data"]
    assert data["message"] == "Server is healthy"
    assert [(part["name"], part["works"], part["needed"]) for part in data["checks"]] == [
        ("engine", True, True),
        ("database", True, True),
        ("disk", True, True),
        ("broker", True, True),
        ("channel layer", True, True),
        ("workers", True, False),
        ("keeper", True, False),
        ("zeal", True, False),
        ("zeal sync", True, False),
    ]
    assert [part["found"] for part in data["checks"]][5:7] == ["1 with room for 4 runs", "h"]
    assert all(part["duration_ms"] >= 0 for part in data["checks"])


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_broker")
def test_staff_see_what_is_broken(client: Client) -> None:
    answer = client.get("/health?detail=1", headers=bearer(UserFactory(is_staff=True)))

    data = answer.json()["data"]
    assert data["message"] == "Something that is needed does not work"
    assert [part["found"] for part in data["checks"] if not part["works"]] == [
        f"{NO_BROKER} does not answer",
        "no worker gave a sign of life lately; runs wait",
        "no keeper holds the lease; lost runs are not found",
    ]


@pytest.mark.django_db
def test_a_broker_is_named_without_its_password() -> None:
    from celery import current_app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current_app.conf, "broker_url", "redis://u:secret@127.0.0.1:9/0")
        check = measure("broker")

    assert check.found == "redis://u:**@127.0.0.1:9/0 does not answer"


def test_a_redis_that_does_not_answer_is_found(settings: Any, tmp_path: Path) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "x.RedisPubSubChannelLayer"}}
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"

    check = measure("channel layer")

    assert (check.works, check.found) == (False, "the Redis or Valkey server does not answer")


def test_only_what_is_needed_decides_whether_the_server_is_ready() -> None:
    works = Check("a", works=True, needed=True, found="", duration_ms=0)
    idle = Check("b", works=False, needed=False, found="", duration_ms=0)
    broken = Check("c", works=False, needed=True, found="", duration_ms=0)

    assert is_ready([works, idle])
    assert not is_ready([works, broken])
    assert as_dicts([idle]) == [
        {"name": "b", "works": False, "needed": False, "found": "", "duration_ms": 0}
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker")
def test_the_doctor_answers_programs_in_json() -> None:
    said = StringIO()

    call_command("doctor", "--json", stdout=said)

    answer = json.loads(said.getvalue())
    assert answer["ready"] is True
    assert [check["name"] for check in answer["checks"]] == [check.name for check in measure_all()]
    assert answer["configured"]["actors of your own"] == "none"


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_broker")
def test_the_doctor_names_what_is_broken_and_fails(settings: Any, tmp_path: Path) -> None:
    settings.REFLOW_CONFIG = tmp_path / "reflow.toml"
    settings.REFLOW_CONFIG.write_text("[nonsense]\n")
    said = StringIO()

    with pytest.raises(CommandError, match=r"^needed, and broken: engine, broker$"):
        call_command("doctor", stdout=said)

    shown = said.getvalue()
    assert "[nonsense]: is unknown" in shown
    assert "no worker gave a sign of life" in shown


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker")
def test_the_doctor_shows_no_password(settings: Any) -> None:
    settings.BROKER_URL = settings.REDIS_URL = "redis://user:secret@host:6379/0"
    settings.PRIVATE_BROKER = False
    said = StringIO()

    call_command("doctor", stdout=said)

    assert "secret" not in said.getvalue()
    assert "redis://user:**@host:6379/0" in said.getvalue()


@pytest.mark.django_db
def test_a_database_that_lacks_a_migration_is_told_with_the_fix() -> None:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("workflows")[0]
    MigrationRecorder(connection).record_unapplied(*newest)

    check = measure("database")

    assert not check.works
    assert re.fullmatch(
        rf"{connection.vendor} lacks \d+ migrations: manage.py migrate", check.found
    )


@pytest.mark.django_db
def test_a_disk_with_little_room_is_a_problem(settings: Any) -> None:
    settings.DISK_FREE_BYTES = 2**62

    found = measure("disk")

    assert (found.works, found.needed) == (False, True)
    assert "MiB free in" in found.found
    assert found.found.endswith("(DISK_FREE_BYTES)")


@pytest.mark.django_db
def test_a_database_that_takes_no_writes_is_a_problem() -> None:
    def full(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("database or disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(full):
        found = measure("database")

    assert (found.works, found.needed) == (False, True)
    assert found.found == f"{connection.vendor} takes no writes: database or disk is full"
