from __future__ import annotations

import random
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from engine.errors import InputError
from tests.factories import (
    ExecutionFactory,
    UserFactory,
    WorkerFactory,
    WorkflowFactory,
    one_node_graph,
)
from workflows.endings import End, write_end
from workflows.errors import AdmissionError, IdempotencyConflictError
from workflows.lifecycle import claim_next
from workflows.models import Execution, Status, WhenFull, Workflow
from workflows.recovery import reap
from workflows.selectors import waiting_reason
from workflows.services import Start, create_workflow, start_execution, update_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from workflows.lifecycle import Claim

pytestmark = pytest.mark.django_db


def with_slots(owner: User, slots: int | None, when_full: str = WhenFull.QUEUE) -> Workflow:
    return create_workflow(
        owner=owner,
        name=f"slots {slots} {when_full}",
        graph=one_node_graph(),
        max_concurrent=slots,
        when_full=when_full,
    )


def start(workflow: Workflow, **more: Any) -> Start:
    return start_execution(owner=workflow.owner, workflow=workflow, input={"in": 1}, **more)


def test_no_more_runs_of_a_workflow_are_claimed_than_it_has_slots(owner: User) -> None:
    workflow = with_slots(owner, 2)
    runs = [start(workflow).execution for _ in range(3)]
    other = ExecutionFactory(owner=owner)

    claims = [claim_next("w", 1) for _ in range(4)]

    assert [claim and claim.pk for claim in claims] == [runs[0].pk, runs[1].pk, other.pk, None]


def test_a_slot_is_free_again_when_a_run_ends_or_its_worker_is_lost(owner: User) -> None:
    workflow = with_slots(owner, 1)
    runs = [start(workflow).execution for _ in range(3)]
    first = claim_next("w", 1)
    assert first is not None
    write_end(first, End(Status.COMPLETED))
    second = claim_next("w", 1)
    Execution.objects.filter(pk=runs[1].pk).update(
        lease_until=timezone.now() - timedelta(minutes=1)
    )
    busy = claim_next("w", 1)

    lost = reap()

    assert (second and second.pk, busy, lost) == (runs[1].pk, None, 1)
    assert claim_next("w", 1) is not None
    assert claim_next("w", 1) is None


def test_a_run_that_waits_for_a_slot_says_so(owner: User) -> None:
    WorkerFactory(slots=8)
    workflow = with_slots(owner, 1)
    start(workflow)
    claim_next("w", 1)

    waiting = start(workflow).execution

    assert waiting_reason(waiting) == f"waits for a slot of workflow {workflow.name} (1 of 1 used)"


def test_a_limit_that_is_taken_away_lets_the_others_start(owner: User) -> None:
    workflow = with_slots(owner, 1)
    runs = [start(workflow).execution for _ in range(2)]
    claim_next("w", 1)

    update_workflow(workflow=workflow, by=owner, max_concurrent=None)
    claim = claim_next("w", 1)

    assert claim is not None
    assert claim.pk == runs[1].pk


def test_by_the_policy_reject_a_start_over_the_limit_is_refused(owner: User) -> None:
    workflow = with_slots(owner, 1, WhenFull.REJECT)
    start(workflow)

    with pytest.raises(AdmissionError, match=r"has 1 runs already \(limit: max_concurrent\)"):
        start(workflow)

    assert Execution.objects.count() == 1


def test_by_the_policy_replace_the_oldest_run_makes_room(owner: User) -> None:
    workflow = with_slots(owner, 1, WhenFull.REPLACE)
    running = start(workflow).execution
    claim_next("w", 1)

    second = start(workflow).execution
    third = start(workflow).execution

    for row in (running, second, third):
        row.refresh_from_db()
    assert running.cancel_requested_at is not None
    assert running.cancel_reason == f"replaced by {second.execution_id} (policy: replace)"
    assert (running.status, second.status, third.status) == ("running", "cancelled", "queued")


@pytest.mark.parametrize("name", ["QUEUE_LIMIT", "QUEUE_LIMIT_USER"])
def test_a_full_queue_refuses_and_names_its_limit(owner: User, settings: Any, name: str) -> None:
    setattr(settings, name, 2)
    workflow = with_slots(owner, None)
    start(workflow)
    start(workflow)

    with pytest.raises(AdmissionError, match=rf"2 runs wait \(limit: {name}\)"):
        start(workflow)


def test_one_users_full_queue_is_nobody_elses(owner: User, settings: Any) -> None:
    settings.QUEUE_LIMIT_USER = 1
    start(with_slots(owner, None))

    assert start(with_slots(UserFactory(), None)).created


def test_a_request_that_was_there_before_is_answered_by_a_full_queue_too(
    owner: User, settings: Any
) -> None:
    settings.QUEUE_LIMIT_USER = 1
    workflow = with_slots(owner, None)
    first = start(workflow, idempotency_key="k")

    again = start(workflow, idempotency_key="k")

    assert (again.created, again.execution) == (False, first.execution)


@pytest.mark.parametrize(
    ("staff", "priority", "taken"),
    [(False, 10, True), (False, 11, False), (True, 100, True), (True, 101, False)]
    + [(True, value, False) for value in ("1", 1.5, True)],
)
def test_a_priority_is_bounded_by_who_asks(staff: bool, priority: Any, taken: bool) -> None:
    workflow = with_slots(UserFactory(is_staff=staff), None)
    metadata = {"priority": priority}

    if taken:
        assert start(workflow, metadata=metadata).execution.priority == priority
    else:
        with pytest.raises(InputError, match="must be a whole number from"):
            start(workflow, metadata=metadata)


def test_a_key_stands_for_one_run_and_its_content(owner: User) -> None:
    workflow = with_slots(owner, None)
    first = start(workflow, idempotency_key="k")

    again = start(workflow, idempotency_key="k")
    elsewhere = start(with_slots(UserFactory(), None), idempotency_key="k")

    assert (again.created, again.execution) == (False, first.execution)
    assert elsewhere.created
    with pytest.raises(IdempotencyConflictError):
        start(workflow, idempotency_key="k", metadata={"other": 1})
    with pytest.raises(IdempotencyConflictError):
        start(workflow, idempotency_key="k", execution_id="another")


@pytest.mark.parametrize("key", ["x" * 256, "with space", "ä", "line\n"])
def test_an_unfit_key_is_refused(owner: User, key: str) -> None:
    with pytest.raises(InputError, match="1 to 255 printable ASCII characters"):
        start(with_slots(owner, None), idempotency_key=key)


def in_threads(count: int, work: Any) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_equal_starts_at_once_make_one_run(owner: User) -> None:
    workflow = with_slots(owner, None)
    left = iter(range(100))
    found: list[Start] = []

    def work() -> None:
        while next(left, None) is not None:
            found.append(start(workflow, idempotency_key="k"))

    in_threads(10, work)

    assert len(found) == 100
    assert len({one.execution.pk for one in found}) == Execution.objects.count() == 1
    assert sum(one.created for one in found) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_pass_the_limit(owner: User) -> None:
    workflow = with_slots(owner, 2)
    for _ in range(12):
        start(workflow)
    claims: list[Claim] = []
    barrier = threading.Barrier(6, timeout=10)

    def work() -> None:
        barrier.wait()
        while claim := claim_next("w", 1):
            claims.append(claim)

    in_threads(6, work)

    assert len(claims) == 2


@pytest.mark.django_db(transaction=True)
def test_replacing_starts_and_claims_at_once_do_not_block_each_other(owner: User) -> None:
    workflow = with_slots(owner, 1, WhenFull.REPLACE)
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(5):
                start(workflow)
                claim_next("w", 1)
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)

    in_threads(4, work)

    assert errors == []
    assert Execution.objects.filter(status=Status.RUNNING).count() <= 1


@pytest.mark.parametrize("seed", range(10))
def test_random_starts_claims_ends_and_kills_keep_to_the_slots_and_leave_none_idle(
    owner: User, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 -- repeatable
    limits: dict[Workflow, int | None] = {
        WorkflowFactory(owner=owner, max_concurrent=slots): slots for slots in (1, 2, None)
    }
    held: list[Claim] = []
    for _ in range(60):
        step = chance.choice(("start", "claim", "claim", "end", "kill"))
        if step == "start":
            ExecutionFactory(owner=owner, workflow=chance.choice(list(limits)))
        elif step == "claim":
            waits = _admissible(limits)
            claim = claim_next("w", 1)
            assert (claim is not None) == waits
            held += [claim] if claim else []
        elif held:
            claim = held.pop(chance.randrange(len(held)))
            if step == "end":
                write_end(claim, End(Status.COMPLETED))
            else:
                _kill(claim)
        for workflow, slots in limits.items():
            running = workflow.executions.filter(status=Status.RUNNING).count()
            assert slots is None or running <= slots


def _admissible(limits: dict[Workflow, int | None]) -> bool:
    """By the words of the feature: a queued run whose workflow has a free slot."""
    return any(
        workflow.executions.filter(status=Status.QUEUED).exists()
        and (slots is None or workflow.executions.filter(status=Status.RUNNING).count() < slots)
        for workflow, slots in limits.items()
    )


def _kill(claim: Claim) -> None:
    Execution.objects.filter(pk=claim.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    assert reap() == 1
