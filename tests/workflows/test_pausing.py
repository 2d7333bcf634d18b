from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.utils import timezone

from tests.factories import (
    FAR_AHEAD,
    LONG_AGO,
    ExecutionFactory,
    UserFactory,
    WorkerFactory,
    WorkflowFactory,
    claim_of,
    graph_of,
)
from tests.workflows.actors import AT_GATE, GATE, LEDGER
from workflows.errors import ConflictError
from workflows.event_log import FencedError
from workflows.lifecycle import Claim, claim_next
from workflows.models import Execution, ExecutionEvent, JournalEntry, Status, WhenFull
from workflows.pausing import hand_back, hold, pause_execution, resume_execution
from workflows.recovery import end_overdue, reap
from workflows.runner import run
from workflows.selectors import waiting_reason
from workflows.services import cancel_execution, start_execution
from workflows.slots import slots_in_use

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("test_actors")]


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> Iterator[None]:
    settings.LEASE_SECONDS = 2.0  # a beat looks at the row every 0.4 s
    for event in (GATE, AT_GATE):
        event.clear()
    LEDGER.clear()
    yield
    GATE.set()


class Worker:
    """Runs one claim in a thread, as a worker's child does."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            async_to_sync(run)(self._claim)
        finally:
            connection.close()

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


def started(component: str = "test_gated") -> Worker:
    """A run of this component, its first firing at the gate; a gated one books behind it."""
    graph = graph_of(component, *(["test_books"] if component == "test_gated" else []))
    start_execution(owner=UserFactory(), graph=graph, input={"in": 1}, execution_id="run")
    worker = Worker(claimed())
    assert AT_GATE.wait(20)
    return worker


def claimed() -> Claim:
    claim = claim_next("celery@test", 1)
    assert claim is not None
    return claim


def the_run() -> Execution:
    return Execution.objects.get(execution_id="run")


def wait_for(status: Status, *, held: bool = True) -> None:
    deadline = time.monotonic() + 20
    while (the_run().status, bool(the_run().worker)) != (status, held):
        assert time.monotonic() < deadline, the_run().status


def told() -> list[str]:
    kinds = ("Paused", "Resumed", "Requeued", "Completed", "Cancelled", "Failed")
    rows = ExecutionEvent.objects.filter(type__in=kinds)
    return list(rows.order_by("seq").values_list("type", flat=True))


def paused(**columns: Any) -> Execution:
    """A run that was paused long ago, and that nobody holds."""
    wish = {"pause_requested_at": LONG_AGO, "paused_at": LONG_AGO, "pause_by": "ann"}
    return ExecutionFactory(execution_id="run", status=Status.PAUSED, **{**wish, **columns})


def test_a_queued_run_that_is_paused_is_not_taken_until_it_is_resumed() -> None:
    execution = ExecutionFactory(execution_id="run")

    status = pause_execution(execution=execution, by="ann", reason="not now")
    taken = claim_next("celery@test", 1)
    reason = waiting_reason(the_run())
    resumed = resume_execution(execution=execution, by="bob", reason="now")

    assert (status, taken, resumed) == (Status.PAUSED, None, Status.QUEUED)
    assert reason == "paused by ann; resume it, and it goes on"
    assert claimed().pk == execution.pk
    events = [json.loads(row.data) for row in ExecutionEvent.objects.order_by("seq")]
    assert events == [{"by": "ann", "reason": "not now"}, {"by": "bob", "reason": "now"}]


def test_a_running_run_is_paused_between_messages_and_goes_on_in_the_same_worker() -> None:
    worker = started()

    pause_execution(execution=the_run(), by="ann")
    wait_for(Status.PAUSED)
    reason = waiting_reason(the_run())
    GATE.set()  # the firing under way ends; the next one does not begin
    resume_execution(execution=the_run(), by="ann")
    worker.join()

    assert reason == (
        "paused by ann; it is kept in the memory of celery@test; resume it, and it goes on"
    )
    assert told() == ["Paused", "Resumed", "Completed"]
    assert (the_run().attempt, len(LEDGER)) == (1, 1)


def test_a_run_that_is_paused_for_long_frees_its_worker_and_goes_on_where_it_was(
    settings: Any,
) -> None:
    settings.PAUSE_HOLD_SECONDS = 0
    worker = started()

    pause_execution(execution=the_run(), by="ann")
    wait_for(Status.PAUSED)
    GATE.set()
    worker.join()
    left = the_run()
    booked_while_paused = list(LEDGER)
    AT_GATE.clear()
    resume_execution(execution=the_run(), by="ann")
    Worker(claimed()).join()

    assert (left.status, left.worker, left.lease_until) == (Status.PAUSED, "", None)
    assert booked_while_paused == []
    assert not AT_GATE.is_set()  # what had fired before the pause does not fire again
    assert told() == ["Paused", "Resumed", "Completed"]
    assert (the_run().attempts_lost, len(LEDGER)) == (0, 1)


def test_a_run_without_a_journal_keeps_its_worker_while_it_is_paused(settings: Any) -> None:
    settings.PAUSE_HOLD_SECONDS = 0
    worker = started("test_gated_and_pure")

    pause_execution(execution=the_run(), by="ann")
    wait_for(Status.PAUSED)
    GATE.set()
    first_lease = the_run().lease_until
    assert first_lease is not None
    deadline = time.monotonic() + 20
    while the_run().lease_until == first_lease:
        assert time.monotonic() < deadline
    still = the_run()
    resume_execution(execution=the_run(), by="ann")
    worker.join()

    assert (still.status, still.worker) == (Status.PAUSED, "celery@test")
    assert (the_run().status, the_run().attempt) == (Status.COMPLETED, 1)


def test_a_paused_run_in_a_worker_is_cancelled() -> None:
    worker = started()
    pause_execution(execution=the_run(), by="ann")
    wait_for(Status.PAUSED)

    asked = cancel_execution(execution=the_run(), by="ann")
    worker.join()

    assert asked is Status.PAUSED
    assert told() == ["Paused", "Cancelled"]
    assert the_run().status == Status.CANCELLED


def test_a_paused_run_that_nobody_holds_is_cancelled_at_once_and_its_journal_goes() -> None:
    execution = paused()
    JournalEntry.objects.create(
        execution=execution, seq=1, node="n", taken='{"failures":[]}', outputs="{}", state=""
    )

    assert cancel_execution(execution=execution, by="ann") is Status.CANCELLED

    assert not JournalEntry.objects.exists()


@pytest.mark.parametrize("asked", ["pause", "resume"])
@pytest.mark.parametrize(
    ("columns", "codes"),
    [
        ({"status": Status.QUEUED}, (None, "execution_not_paused")),
        ({"status": Status.RUNNING}, (None, "execution_not_paused")),
        ({"status": Status.WAITING}, ("execution_waiting", "execution_not_paused")),
        (
            {"status": Status.RUNNING, "pause_requested_at": LONG_AGO},
            ("execution_paused", None),
        ),
        ({"status": Status.PAUSED, "pause_requested_at": LONG_AGO}, ("execution_paused", None)),
        (
            {"status": Status.RUNNING, "cancel_requested_at": LONG_AGO},
            ("execution_over", "execution_over"),
        ),
        ({"status": Status.COMPLETED}, ("execution_over", "execution_over")),
        ({"status": Status.CANCELLED}, ("execution_over", "execution_over")),
    ],
)
def test_what_cannot_be_paused_or_resumed_is_refused_with_a_code(
    columns: dict[str, Any], codes: tuple[str | None, str | None], asked: str
) -> None:
    execution = ExecutionFactory(**columns)
    act, code = (pause_execution, codes[0]) if asked == "pause" else (resume_execution, codes[1])

    refused = None
    try:
        act(execution=execution, by="ann")
    except ConflictError as error:
        refused = error.code

    assert refused == code


def test_a_wish_that_is_taken_back_in_time_leaves_no_trace() -> None:
    execution = ExecutionFactory(execution_id="run", status=Status.RUNNING)
    pause_execution(execution=execution, by="ann")

    status = resume_execution(execution=execution, by="ann")

    assert status is Status.RUNNING
    assert hold(claim_of(execution)) is False
    assert (the_run().status, told()) == (Status.RUNNING, [])


def test_the_time_of_a_pause_is_not_counted() -> None:
    now = timezone.now()
    paused(deadline_at=now + timedelta(seconds=5), paused_at=now - timedelta(hours=1))
    overdue_while_paused = Execution.objects.filter(execution_id="run")
    overdue_while_paused.update(deadline_at=now - timedelta(seconds=60))

    ended = end_overdue()
    resume_execution(execution=the_run(), by="ann")

    deadline = the_run().deadline_at
    assert ended == 0
    assert deadline is not None
    assert timedelta(minutes=58) < deadline - now < timedelta(minutes=60)


def test_a_paused_run_whose_worker_is_lost_stays_paused_without_one() -> None:
    paused(worker="celery@gone", lease_until=LONG_AGO)

    taken = reap()

    row = the_run()
    assert (taken, row.status, row.worker, row.attempts_lost) == (1, Status.PAUSED, "", 1)
    assert told() == ["Requeued"]
    assert reap() == 0


def test_a_run_whose_worker_is_lost_before_it_could_pause_is_paused() -> None:
    ExecutionFactory(
        execution_id="run",
        status=Status.RUNNING,
        lease_until=LONG_AGO,
        pause_requested_at=LONG_AGO,
        pause_by="ann",
    )

    reap()

    assert (the_run().status, the_run().worker) == (Status.PAUSED, "")
    assert told() == ["Paused", "Requeued"]


def test_a_paused_run_has_a_slot_only_while_a_worker_holds_it() -> None:
    workflow = WorkflowFactory(max_concurrent=1, when_full=WhenFull.REJECT)
    execution = paused(workflow=workflow, worker="celery@test", lease_until=FAR_AHEAD)

    in_memory = slots_in_use(workflow.pk)
    hand_back(claim_of(execution))

    assert (in_memory, slots_in_use(workflow.pk)) == (1, 0)


@pytest.mark.parametrize("component", ["test_gated", "test_gated_and_pure"])
def test_a_worker_that_is_shut_down_hands_its_run_back_unlost(
    settings: Any, component: str
) -> None:
    settings.DRAIN_SECONDS = 0
    worker = started(component)

    WorkerFactory(name="celery@test", stopping=True, seen_at=LONG_AGO)
    worker.join()
    left = the_run()
    GATE.set()
    other = claim_next("celery@other", 2)
    assert other is not None
    Worker(other).join()

    requeued = json.loads(ExecutionEvent.objects.get(type="Requeued").data)
    assert (left.status, left.worker, left.attempts_lost) == (Status.QUEUED, "", 0)
    assert requeued == {"attempt": 1, "reason": "the worker was shut down"}
    assert told() == ["Requeued", "Completed"]


def test_a_worker_that_is_shut_down_does_not_wait_for_a_paused_run(settings: Any) -> None:
    worker = started()
    pause_execution(execution=the_run(), by="ann")
    wait_for(Status.PAUSED)
    GATE.set()

    WorkerFactory(name="celery@test", stopping=True, seen_at=timezone.now())
    worker.join()

    assert settings.DRAIN_SECONDS == 25
    assert (the_run().status, the_run().worker) == (Status.PAUSED, "")
    assert told() == ["Paused", "Requeued"]


def test_a_run_that_is_another_workers_by_now_is_not_handed_back() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, token=2)

    with pytest.raises(FencedError):
        hand_back(Claim(execution.pk, execution.execution_id, 1))


def test_a_run_that_was_cancelled_meanwhile_is_not_handed_back_but_over() -> None:
    execution = ExecutionFactory(
        execution_id="run", status=Status.RUNNING, cancel_requested_at=LONG_AGO
    )

    hand_back(claim_of(execution), "the worker was shut down")

    assert (the_run().status, told()) == (Status.CANCELLED, ["Cancelled"])
