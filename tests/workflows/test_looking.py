"""Whoever looks at runs takes back the lost ones first."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.conftest import LOOKS
from tests.factories import LONG_AGO, ExecutionFactory
from workflows import looking, recovery
from workflows.looking import TakeBackLostRuns
from workflows.models import Execution, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


def lost(**columns: Any) -> Execution:
    execution: Execution = ExecutionFactory(status=Status.RUNNING, lease_until=LONG_AGO, **columns)
    return execution


def ask(middleware: TakeBackLostRuns, path: str = "/api/v1/executions") -> None:
    middleware(RequestFactory().get(path))


@pytest.fixture
def middleware() -> TakeBackLostRuns:
    return TakeBackLostRuns(lambda _: HttpResponse())


@pytest.mark.parametrize("page", ["execution-detail", "admin:workflows_execution_change"])
def test_no_answer_says_that_a_run_without_an_owner_runs(
    page: str, admin_user: User, settings: Any
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOOKS]
    execution = lost(owner=admin_user)
    client = Client()  # with a middleware of its own: it has looked at nothing yet
    client.force_login(admin_user)
    key = execution.execution_id if page == "execution-detail" else execution.pk

    text = client.get(reverse(page, args=[key])).content.decode()

    execution.refresh_from_db()
    assert (execution.status, execution.attempts_lost) == (Status.QUEUED, 1)
    assert "queued" in text.lower()


def test_it_looks_once_a_second(
    middleware: TakeBackLostRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(recovery, "reap", lambda: looked.append(1))

    for _ in range(3):
        ask(middleware)
    at_once = len(looked)
    monkeypatch.setattr(middleware, "_next", 0.0)
    ask(middleware)

    assert (at_once, len(looked)) == (1, 2)


@pytest.mark.parametrize("path", ["/", "/health", "/healthz", "/readyz", "/static/x.css"])
def test_what_shows_no_run_asks_the_database_nothing(
    middleware: TakeBackLostRuns, path: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        ask(middleware, path)


def test_a_database_that_does_not_answer_is_left_alone_for_the_time_of_a_lease(
    middleware: TakeBackLostRuns,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[int] = []

    def broken() -> int:
        asked.append(1)
        raise OperationalError("gone")

    monkeypatch.setattr(recovery, "reap", broken)
    monkeypatch.setattr(looking, "EVERY_SECONDS", 0.0)
    with caplog.at_level(logging.WARNING):
        ask(middleware)
        ask(middleware)

    assert len(asked) == 1
    assert "no lost run was taken back: gone" in caplog.text
