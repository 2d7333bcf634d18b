"""The page "Storage": what is stored, what retention does, and a pass at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tests.factories import UserFactory
from tests.workflows.retention.rows import ended
from workflows import hints, stored
from workflows.hints import PRUNE_TASK
from workflows.models import Payload, PruneRun
from workflows.pruning import LEASE
from workflows.recovery import elect
from workflows.tasks import prune_what_is_due

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

PAGE = "/admin/workflows/prunerun/"


def shown(pages: Client) -> str:
    return " ".join(pages.get(PAGE).content.decode().split())


def with_permission(name: str) -> Client:
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


def test_a_new_server_has_nothing_and_says_so(pages: Client) -> None:
    page = shown(pages)

    assert "No pass has ended yet." in page
    assert "Celery beat has not started yet" in page
    assert "No text was ever that large" in page


def test_the_page_says_what_is_stored_and_what_the_last_passes_did(
    pages: Client, admin_user: User, settings: Any
) -> None:
    settings.RETENTION_EVENTS_DAYS, settings.RETENTION_EXECUTIONS_DAYS = 1, 0
    run = ended(9, events=2)
    Payload.objects.create(owner=admin_user, digest="0" * 64, size_bytes=2048)
    at = timezone.now()
    for error, complete in (("OperationalError: <away>", False), ("", False), ("", True)):
        PruneRun.objects.create(
            started_at=at, finished_at=at, source="beat", error=error, complete=complete, payloads=1
        )

    page = shown(pages)

    assert f"<dd>{run.event_day:%Y-%m-%d}</dd>" in page
    assert "1 week" in page
    assert "broke off: OperationalError: &lt;away&gt;" in page
    assert "its time was over; the next one goes on" in page
    assert "2.0 KB" in page
    assert '>1 day</td><td class="rf-tight rf-mono">RETENTION_EVENTS_DAYS' in page
    assert '>no limit</td><td class="rf-tight rf-mono">RETENTION_EXECUTIONS_DAYS' in page


def test_every_table_has_a_size_and_the_largest_stands_first() -> None:
    ended(9, events=3)

    found = stored.database()

    sizes = [table.size_bytes or 0 for table in found.tables]
    names = {table.name for table in found.tables}
    assert found.size_bytes > 0
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) > 0
    assert names >= {"workflows_execution", "workflows_executionevent", "workflows_payload"}
    assert bool(found.partitions) == (connection.vendor == "postgresql")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL tells without reading")
def test_a_large_file_of_sqlite_is_not_read_for_the_page(
    pages: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "LOOKED_AT_BYTES", 0)
    monkeypatch.setattr(stored, "COUNTED", 2)
    ended(9, events=3)

    events = next(t for t in stored.database().tables if t.name == "workflows_executionevent")

    assert events == stored.Table("workflows_executionevent", 2, exact=False, size_bytes=None)
    assert "over 2</td>" in shown(pages)


def test_the_next_pass_is_what_beat_has_noted(settings: Any) -> None:
    settings.RETENTION_EVERY_SECONDS = 600.0
    last = timezone.now()
    hour = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.HOURS)
    task = PeriodicTask.objects.create(
        name="retention", task=PRUNE_TASK, interval=hour, last_run_at=last
    )
    elect("here:1", LEASE, 60)

    on = stored.next_pass()
    task.enabled = False
    task.save()
    off = stored.next_pass()

    assert on == stored.NextPass("here:1", last + timedelta(minutes=10), "")
    assert (off.at, off.why) == (None, "The schedule is switched off.")


def test_a_pass_is_asked_for_by_the_button(pages: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, ...]] = []
    answers = [True, False]

    def publish(task: str, arguments: tuple[str, ...], _about: str) -> bool:
        sent.append((task, *arguments))
        return answers[len(sent) - 1]

    monkeypatch.setattr(hints, "_publish", publish)
    said = [pages.post(f"{PAGE}prune", follow=True).content.decode() for _ in range(2)]

    assert sent == [(PRUNE_TASK, "admin")] * 2
    assert "A pass is queued" in said[0]
    assert "The broker took no message" in said[1]
    assert pages.get(f"{PAGE}prune").status_code == 405


def test_the_pass_of_the_button_says_so_and_no_message_says_more() -> None:
    prune_what_is_due("admin")
    prune_what_is_due("x" * 1_000)

    assert [done.source for done in PruneRun.objects.order_by("pk")] == ["admin", "beat"]


def test_who_may_only_look_cannot_prune_and_who_may_not_sees_nothing() -> None:
    looks, other = with_permission("view_prunerun"), with_permission("view_workflow")

    page = shown(looks)

    assert "Prune now</button>" not in page
    assert looks.post(f"{PAGE}prune").status_code == 403
    assert other.get(PAGE).status_code == 403
