from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from tests.workflows.retention.rows import ended, left
from workflows import pruning
from workflows.models import ExecutionEvent
from workflows.recovery import elect

if TYPE_CHECKING:
    from typing import Any

pytestmark = pytest.mark.django_db


def prune(*arguments: str) -> str:
    said = StringIO()
    call_command("prune", "--no-rest", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    ended(31, events=3, execution_id="old")
    ended(15, events=2, execution_id="middle")
    ended(1, events=1, execution_id="new")


def test_a_dry_run_says_what_would_go_and_removes_nothing() -> None:
    said = prune("--dry-run")

    assert "about 5 events of 2 runs" in said
    assert "1 runs" in said
    assert (left(), ExecutionEvent.objects.count()) == ({"old", "middle", "new"}, 6)


def test_a_pass_says_what_it_removed() -> None:
    said = prune()

    assert said.startswith("removed 5 events, 1 runs and 0 posted graphs in ")
    assert left() == {"middle", "new"}


def test_events_only_keeps_the_runs() -> None:
    dry, said = prune("--dry-run", "--events-only"), prune("--events-only")

    assert "posted graphs" not in dry
    assert "removed 5 events, 0 runs" in said
    assert left() == {"old", "middle", "new"}


def test_the_days_may_be_given() -> None:
    prune("--executions-days", "10", "--events-days", "0")

    assert left() == {"new"}
    assert ExecutionEvent.objects.count() == 1


def test_progress_is_told_on_the_way(monkeypatch: Any) -> None:
    monkeypatch.setattr("workflows.management.commands.prune.TOLD", 2)

    assert "5 events, 0 runs so far" in prune()


def test_a_pass_whose_time_is_over_says_that_the_next_one_goes_on() -> None:
    assert "the next pass goes on" in prune("--seconds", "0")


def test_negative_days_are_refused() -> None:
    with pytest.raises(CommandError, match="--executions-days: '-1' is no number of days"):
        prune("--executions-days=-1")


def test_a_second_pass_is_refused() -> None:
    elect("another", pruning.LEASE, 60)

    with pytest.raises(CommandError, match="another pass of retention is under way"):
        prune()


def test_a_broken_pass_is_an_error(monkeypatch: Any) -> None:
    def away(_policy: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(pruning, "events_due", away)

    with pytest.raises(CommandError, match="it broke off: OperationalError: away"):
        prune()
