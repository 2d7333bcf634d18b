"""The metrics: what they count, who may read them, and that rules and documentation know them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.conf import settings as own
from django.utils import timezone
from rest_framework.authtoken.models import Token

from observability.metrics import exposition, metrics
from tests.factories import (
    DeadLetterFactory,
    ExecutionEventFactory,
    ExecutionFactory,
    UserFactory,
    WorkerFactory,
)
from workflows.api.errors import BodyTooLargeError, failure_of, limit_hits
from workflows.models import Execution, KeeperLease, Status

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

RULES = own.BASE_DIR / "deploy" / "prometheus" / "reflow-rules.yaml"
PAGE = own.BASE_DIR / "docs" / "observability.md"
LINE = re.compile(
    r'(# (HELP|TYPE) reflow_[a-z_]+ .+)|(reflow_[a-z_]+({[a-z]+="[^"]*"})? -?[0-9.e+]+)'
)


def found() -> dict[str, dict[str, float]]:
    return {metric.name: dict(metric.values) for metric in metrics()}


def test_runs_are_counted_by_status_and_age() -> None:
    ago = timezone.now() - timedelta(seconds=90)
    for row in (ExecutionFactory(), ExecutionFactory()):
        Execution.objects.filter(pk=row.pk).update(created_at=ago)
    ExecutionFactory(hinted_at=timezone.now())
    ExecutionFactory(status=Status.RUNNING)

    now = found()

    assert now["reflow_runs"] == {"queued": 3, "running": 1, "paused": 0, "waiting": 0}
    assert now["reflow_queued_runs"] == {"0": 3, "10": 2, "60": 2, "600": 0}
    assert 89 < now["reflow_queue_oldest_seconds"][""] < 200
    assert now["reflow_unhinted_runs"] == {"": 2}
    assert now["reflow_lease_overdue_seconds"] == {"": 0}


def test_what_happened_lately_is_counted() -> None:
    now = timezone.now()
    recent: dict[str, Any] = {"started_at": now, "finished_at": now}
    ExecutionFactory(status=Status.COMPLETED, hint_count=1, **recent)
    ExecutionFactory(status=Status.FAILED, hint_count=3, lost_at=now, **recent)
    ExecutionFactory(status=Status.COMPLETED)  # long ago
    late = {"status": Status.RUNNING, "lease_until": now - timedelta(seconds=30)}
    ExecutionFactory(**late)

    counted = found()

    assert counted["reflow_ended_runs"] == {"completed": 1, "failed": 1, "cancelled": 0}
    assert counted["reflow_started_runs"] == {"hint": 1, "keeper": 1}
    assert counted["reflow_lost_runs"] == {"": 1}
    assert 29 < counted["reflow_lease_overdue_seconds"][""] < 200


def test_workers_keeper_letters_and_events_are_counted() -> None:
    WorkerFactory(slots=4)
    WorkerFactory(quarantined_until=timezone.now() + timedelta(seconds=60))
    DeadLetterFactory()
    ExecutionEventFactory()
    before = found()["reflow_keeper_round_seconds"]
    KeeperLease.objects.create(name="keeper", holder="h", until=timezone.now())

    counted = found()

    assert counted["reflow_workers"] == {"live": 1, "quarantined": 1}
    assert counted["reflow_worker_slots"] == {"": 4}
    assert before == {"": -1}
    assert 4 < counted["reflow_keeper_round_seconds"][""] < 100
    assert counted["reflow_dead_letters_open"] == {"": 1}
    assert counted["reflow_event_rows"][""] >= 0
    assert counted["reflow_disk_free_bytes"][""] > 0


def test_refusals_are_counted_by_limit() -> None:
    limit_hits.clear()

    failure_of(BodyTooLargeError(1))
    failure_of(ValueError("no limit"))

    assert found()["reflow_limit_hits_total"] == {"API_MAX_BODY_BYTES": 1}


def test_the_text_is_prometheus_own() -> None:
    limit_hits["API_MAX_BODY_BYTES"] += 1

    lines = exposition().splitlines()

    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_the_rules_and_the_page_know_every_metric_and_no_other() -> None:
    names = set(found())
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"reflow_[a-z_]+", rule["expr"])}
    page = PAGE.read_text("utf-8")
    told = set(re.findall(r"^\| `(reflow_[a-z_]+)", page, re.MULTILINE))

    assert asked - names == set()
    assert told == names
    assert [rule["alert"] for rule in rules if f"`{rule['alert']}`" not in page] == []


def answer(client: Client, token: str = "", address: str = "192.0.2.9") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code


def test_they_are_for_staff_a_token_or_an_address(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "m" * 20
    settings.METRICS_ALLOW = ["192.0.2.1"]
    staff, other = (
        Token.objects.create(user=UserFactory(is_staff=is_staff)).key for is_staff in (True, False)
    )

    seen = [answer(client, token) for token in ("", "wrong", other, "m" * 20, staff)]

    assert seen == [403, 403, 403, 200, 200]
    assert answer(client, address="192.0.2.1") == 200


def test_without_a_token_of_its_own_an_empty_one_opens_nothing(client: Client) -> None:
    headers = {"Authorization": "Bearer "}

    assert client.get("/metrics", headers=headers).status_code == 403
