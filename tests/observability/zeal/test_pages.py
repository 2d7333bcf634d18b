"""How it stands with Zeal, as the admin, doctor and the metrics say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from observability.health import measure
from observability.metrics import exposition
from observability.models import TraceSession, ZealConnection
from observability.zeal.inbound import InboundStatus
from observability.zeal.live import SessionStatus
from observability.zeal.report import heard, socket_told
from tests.factories import ExecutionFactory, UserFactory
from tests.observability.zeal.told import make_run, messages

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.django_db

LIST = "/admin/observability/tracesession/"
URL = "http://zeal.test:3000"


@pytest.fixture
def operator(client: Client) -> User:
    user: User = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def _connected(settings: Any) -> None:
    settings.ZEAL_URL = URL
    now = timezone.now()
    ZealConnection.objects.create(
        zeal=URL,
        since=now,
        seen_at=now,
        connected=True,
        changed_at=now,
        profile="flow_traces",
        holder="vm:7",
        last_error="503 busy",
        last_error_at=now,
        socket_told=socket_told(
            SessionStatus(sent=20, acknowledged=19, dropped=2, dropped_types=(("MessageSent", 2),))
        ),
        heard=heard(InboundStatus(started=3, refused=1, last_problem="<b>no owner</b>")),
    )


@pytest.mark.usefixtures("_connected")
def test_the_page_says_how_it_stands_and_lists_ones_own_sessions(
    client: Client, operator: User
) -> None:
    mine = make_run(*messages(3), owner=operator)
    TraceSession.objects.create(execution=mine, zeal=URL, last_error="Zeal is away")
    TraceSession.objects.create(execution=ExecutionFactory(execution_id="not-mine"), zeal=URL)

    page = client.get(LIST).content.decode()

    assert "connected since" in page
    assert "traces over flow_traces, socket off, by vm:7; 3 events of 2 runs wait" in page
    assert "503 busy" in page
    assert "19 of 20 events acknowledged, 0 refused, 2 left out (2 MessageSent)" in page
    assert "3 runs started, 1 refused; last problem: &lt;b&gt;no owner&lt;/b&gt;" in page
    assert mine.execution_id in page
    assert "Zeal is away" in page
    assert "not-mine" not in page


@pytest.mark.usefixtures("_connected")
def test_a_run_is_sent_again_but_not_without_its_events(client: Client, operator: User) -> None:
    kept, pruned = (
        TraceSession.objects.create(
            execution=ExecutionFactory(owner=operator, events_pruned_at=at),
            zeal=URL,
            state="delivered",
            session_id="fts_1",
            sent=9,
            trace_seq=9,
        )
        for at in (None, timezone.now())
    )

    chosen = {"action": "resend", "_selected_action": [kept.pk, pruned.pk]}
    page = client.post(LIST, chosen, follow=True).content.decode()

    assert "1 will be sent again. 1 cannot: retention has removed their events." in page
    kept.refresh_from_db()
    pruned.refresh_from_db()
    assert (kept.state, kept.session_id, kept.sent, kept.resends) == ("waiting", "", 0, 1)
    assert (pruned.state, pruned.resends) == ("delivered", 0)


@pytest.mark.usefixtures("operator")
def test_without_a_zeal_the_page_says_so(client: Client, settings: Any) -> None:
    settings.ZEAL_URL = ""

    assert "Headless: ZEAL_URL is empty" in client.get(LIST).content.decode()

    settings.ZEAL_URL = "nonsense"
    assert "ZEAL_URL" in client.get(LIST).content.decode()
    assert not measure("zeal sync").works


@pytest.mark.usefixtures("_connected")
def test_doctor_and_the_metrics_know_of_the_process() -> None:
    found = measure("zeal sync")
    metrics = exposition()
    ZealConnection.objects.update(seen_at=None)
    silent = measure("zeal sync")

    assert found.works
    assert found.found.startswith("connected since")
    assert "reflow_zeal_connected 1\n" in metrics
    assert "reflow_zeal_events_waiting 0\n" in metrics
    assert not silent.works
    assert silent.found.startswith("no process sends to Zeal: manage.py sync; 0 events")
