"""An unsafe firing that a lost worker had begun: run again, skipped, or decided by somebody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from engine.errors import InputError
from engine.journal import Intent
from engine.messages import freeze
from tests.workflows.actors import LEDGER
from tests.workflows.test_journal import booking, claimed, lose, outputs
from workflows.doubts import wait
from workflows.errors import DoubtDecidedError, NotWaitingError
from workflows.event_log import FencedError
from workflows.in_doubt import decide
from workflows.lifecycle import claim_next
from workflows.models import (
    DeadLetter,
    DoubtfulFiring,
    Execution,
    ExecutionEvent,
    JournalEntry,
    Status,
)
from workflows.recovery import end_overdue
from workflows.runner import run
from workflows.selectors import waiting_reason
from workflows.services import cancel_execution

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("test_actors")]

IN_FIRST = 1  # commits until ``first`` has begun its first message, and no more


@pytest.fixture(autouse=True)
def _empty_ledger() -> Iterator[None]:
    LEDGER.clear()
    yield
    LEDGER.clear()


def resumed() -> Execution:
    """The only run, after one more worker has had it."""
    claim = claim_next("celery@other", 1)
    assert claim is not None
    async_to_sync(run)(claim)
    return Execution.objects.get()


def waiting(**properties: Any) -> Execution:
    """A run that waits: its worker was lost in the first firing of ``first``."""
    graph = booking(**properties)
    lose(claimed(graph), graph, IN_FIRST)
    execution = resumed()
    assert execution.status == Status.WAITING
    return execution


def owner() -> User:
    return User.objects.get()


def firings() -> int:
    return sum(node == "first" for node, _ in LEDGER)


def doubts() -> list[dict[str, Any]]:
    rows = ExecutionEvent.objects.filter(type="FiringInDoubt").order_by("seq")
    kept = ("action", "by")
    return [{name: json.loads(row.data)[name] for name in kept} for row in rows]


def test_by_default_the_run_waits_and_no_worker_holds_it() -> None:
    execution = waiting(inDoubt="ask")

    assert (execution.worker, execution.worker_pid, execution.lease_until) == ("", None, None)
    assert firings() == 1
    assert "1 firing is in doubt" in waiting_reason(execution)
    row = DoubtfulFiring.objects.get()
    assert (row.node, row.component, row.worker) == ("first", "test_books", "celery@test")
    assert json.loads(row.inputs) == {"in": {"type": "Integer", "data": 1}}
    assert (row.key, row.attempt, row.action) == (LEDGER[0][1], 1, "")
    assert doubts() == [{"action": "ask", "by": ""}]


def test_rerun_does_it_again_with_the_same_key_and_asks_nobody() -> None:
    graph = booking(inDoubt="rerun")
    lose(claimed(graph), graph, IN_FIRST)

    execution = resumed()

    assert execution.status == Status.COMPLETED
    assert firings() == 5
    assert LEDGER[0] == LEDGER[1]
    assert doubts() == [{"action": "rerun", "by": ""}]


def test_skip_counts_it_as_done_and_keeps_what_it_had_been_given() -> None:
    graph = booking(inDoubt="skip")
    lose(claimed(graph), graph, IN_FIRST)

    execution = resumed()

    assert execution.status == Status.COMPLETED
    assert firings() == 4
    letter = DeadLetter.objects.get()
    assert (letter.node, letter.code, execution.dead_letters) == ("first", "in_doubt", 1)
    assert json.loads(letter.inputs) == {"in": {"type": "Integer", "data": 1}}
    assert len(outputs()["out"]) == 3


def test_the_policy_of_a_node_goes_before_that_of_the_graph() -> None:
    graph = booking(inDoubt="skip")
    policy = freeze({"policy": {"inDoubt": "rerun"}})
    graph.nodes["first"] = replace(graph.nodes["first"], metadata=policy)
    lose(claimed(graph), graph, IN_FIRST)

    resumed()

    assert firings() == 5


@pytest.mark.parametrize(
    ("action", "status", "times", "results"),
    [
        ("rerun", Status.COMPLETED, 5, [[[1, 1], 1], [[2, 2], 2], [[1, 3], 3], [[3, 4], 4]]),
        ("skip", Status.COMPLETED, 4, [[[2, 1], 1], [[1, 2], 2], [[3, 3], 3]]),
        ("output", Status.COMPLETED, 4, [["given", 1], [[2, 1], 2], [[1, 2], 3], [[3, 3], 4]]),
        ("fail", Status.FAILED, 1, None),
    ],
)
def test_what_somebody_decides_is_done(
    action: str, status: Status, times: int, results: list[Any] | None
) -> None:
    execution = waiting(inDoubt="ask")
    given = {"out": ["given"]} if action == "output" else None

    assert decide(execution=execution, action=action, by=owner(), outputs=given) == 1
    execution.refresh_from_db()
    if action != "fail":
        execution = resumed()

    assert (execution.status, firings()) == (status, times)
    assert doubts()[-1] == {"action": action, "by": owner().username}
    row = DoubtfulFiring.objects.get()
    assert (row.action, row.decided_by) == (action, owner().username)
    assert row.decided_at is not None
    assert not JournalEntry.objects.exists()
    if results is not None:
        assert outputs() == {"out": results}
    else:
        assert execution.error_code == "in_doubt"


@pytest.mark.parametrize(
    ("action", "given", "times"), [("rerun", None, 6), ("output", {"out": ["given"]}, 4)]
)
def test_a_second_loss_keeps_the_decision(
    action: str, given: dict[str, Any] | None, times: int
) -> None:
    execution = waiting(inDoubt="ask")
    decide(execution=execution, action=action, by=owner(), outputs=given)
    claim = claim_next("celery@test", 1)
    assert claim is not None
    lose(claim, booking(inDoubt="ask"), 0)  # before anything more is in the journal

    again = resumed()

    assert (again.status, firings()) == (Status.COMPLETED, times)
    assert DoubtfulFiring.objects.count() == 1


def test_a_run_that_waits_can_be_cancelled() -> None:
    execution = waiting(inDoubt="ask")

    cancel_execution(execution=execution, by="me")

    execution.refresh_from_db()
    assert execution.status == Status.CANCELLED
    assert not JournalEntry.objects.exists()
    with pytest.raises(NotWaitingError):
        decide(execution=execution, action="rerun", by=owner())


def test_the_deadline_does_not_run_while_it_waits() -> None:
    execution = waiting(inDoubt="ask")
    since = timezone.now() - timedelta(hours=2)
    Execution.objects.update(waiting_since=since, deadline_at=since + timedelta(minutes=5))

    assert end_overdue() == 0
    decide(execution=execution, action="skip", by=owner())

    execution.refresh_from_db()
    assert execution.waiting_since is None
    assert execution.deadline_at is not None
    left = execution.deadline_at - timezone.now()
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


def test_a_cancel_that_came_before_the_wait_is_not_forgotten() -> None:
    graph = booking(inDoubt="ask")
    lose(claimed(graph), graph, IN_FIRST)
    claim = claim_next("celery@other", 1)
    assert claim is not None
    Execution.objects.update(cancel_requested_at=timezone.now(), cancel_by="me")

    async_to_sync(run)(claim)

    assert Execution.objects.get().status == Status.CANCELLED


def test_a_worker_that_has_lost_the_run_does_not_let_it_wait() -> None:
    claim = claimed(booking())
    Execution.objects.update(token=claim.token + 1)

    with pytest.raises(FencedError):
        wait(claim, [Intent("first", "k", "d", {}, 1.0)])


@pytest.mark.parametrize(
    ("action", "given", "named"),
    [
        ("output", None, "outputs: is required"),
        ("skip", {"out": [1]}, "outputs: is not for skip"),
        ("output", {"nowhere": [1]}, "outputs.nowhere"),
        ("output", {"out": 1}, "outputs.out: must be a list"),
        ("output", {"out": [{"type": "Integer", "data": "x"}]}, "outputs.out"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(
    action: str, given: dict[str, Any] | None, named: str
) -> None:
    execution = waiting(inDoubt="ask")

    with pytest.raises(InputError, match=named):
        decide(execution=execution, action=action, by=owner(), outputs=given)

    execution.refresh_from_db()
    assert execution.status == Status.WAITING


def test_a_firing_of_another_run_is_not_decided_here() -> None:
    execution = waiting(inDoubt="ask")

    with pytest.raises(DoubtDecidedError):
        decide(execution=execution, action="rerun", by=owner(), ids=[10**9])
