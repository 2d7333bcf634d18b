"""Circuit breakers that all workers share: each ``At`` stands for one worker."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from engine.breaker import BreakerKey, BreakerKind, CircuitOpenError
from engine.graph.editing import Editor
from engine.policy import BreakerPolicy
from tests.engine.fakes import FakeClock
from tests.factories import UserFactory, graph_of
from workflows.breakers import FRESH_SECONDS, SharedBreakers
from workflows.circuits import Circuit, reset
from workflows.lifecycle import claim_next
from workflows.models import CircuitBreaker, CircuitState, Execution, ExecutionEvent
from workflows.runner import run
from workflows.services import start_execution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User

    from engine.breaker import Move, Permit

pytestmark = pytest.mark.django_db

API = BreakerKey(BreakerKind.SERVICE, "api.example:443")
POLICY = BreakerPolicy(failures=2, reset_ms=60_000)


class At:
    """One worker, at work for this owner, with a clock of its own for how old a state is."""

    def __init__(self, owner: User) -> None:
        self.clock = FakeClock()
        self._breakers = SharedBreakers(owner.pk, self.clock.monotonic)

    def enter(self) -> Permit:
        return async_to_sync(self._breakers.enter)(API, POLICY)

    def failed(self, permit: Permit) -> Move | None:
        return async_to_sync(self._breakers.failed)(API, POLICY, permit, "no answer")

    def succeeded(self, permit: Permit) -> Move | None:
        return async_to_sync(self._breakers.succeeded)(API, POLICY, permit)

    def dropped(self, permit: Permit) -> None:
        async_to_sync(self._breakers.dropped)(API, permit)

    def later(self) -> None:
        self.clock.time += FRESH_SECONDS


def opened(owner: User) -> None:
    worker = At(owner)
    for _ in range(2):
        worker.failed(worker.enter())


def due() -> None:
    """The reset time is over."""
    CircuitBreaker.objects.update(retry_at=timezone.now() - timedelta(seconds=1))


def row() -> CircuitBreaker:
    return CircuitBreaker.objects.get()


def test_failures_of_two_workers_open_a_breaker_for_a_third(owner: User) -> None:
    moves = [(worker := At(owner)).failed(worker.enter()) for _ in range(2)]

    assert moves == [None, ("closed", "open")]
    with pytest.raises(CircuitOpenError, match=r"'api.example:443' is open for another \d\d"):
        At(owner).enter()
    assert (row().state, row().kind, row().last_error) == ("open", "service", "no answer")
    assert (row().failures_total, row().opened_total) == (2, 1)


def test_two_owners_never_share_one(owner: User) -> None:
    opened(owner)

    permit = At(UserFactory()).enter()

    assert permit.state == "closed"


def test_a_success_begins_the_count_anew(owner: User) -> None:
    first, second = At(owner), At(owner)
    first.failed(first.enter())

    second.succeeded(second.enter())
    first.failed(first.enter())

    assert (row().state, row().failures) == ("closed", 1)


def test_calls_through_a_closed_breaker_ask_the_database_once_in_a_while(owner: User) -> None:
    worker = At(owner)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(50):
            worker.succeeded(worker.enter())
    worker.later()
    with CaptureQueriesContext(connection) as more:
        worker.succeeded(worker.enter())

    assert (len(queries), len(more)) == (1, 1)


def test_refused_calls_ask_the_database_once_in_a_while(owner: User) -> None:
    opened(owner)
    worker = At(owner)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(50):
            with pytest.raises(CircuitOpenError):
                worker.enter()

    assert len(queries) == 1


def test_what_one_worker_learns_another_knows_after_a_moment(owner: User) -> None:
    worker = At(owner)
    worker.enter()
    opened(owner)

    worker.enter()  # not known yet
    worker.later()

    with pytest.raises(CircuitOpenError):
        worker.enter()


def test_one_probe_goes_through_in_all_and_closes_it(owner: User) -> None:
    opened(owner)
    due()
    first, second = At(owner), At(owner)

    probe = first.enter()
    with pytest.raises(CircuitOpenError, match="waits for its probe"):
        second.enter()
    with CaptureQueriesContext(connection) as queries, pytest.raises(CircuitOpenError):
        second.enter()

    assert probe.moved == ("open", "half_open")
    assert len(queries) == 0
    assert first.succeeded(probe) == ("half_open", "closed")
    assert first.enter().state == "closed"


def test_a_probe_that_fails_opens_it_again(owner: User) -> None:
    opened(owner)
    due()
    worker = At(owner)

    assert worker.failed(worker.enter()) == ("half_open", "open")
    assert row().opened_total == 2
    assert CircuitBreaker.objects.filter(retry_at__gt=timezone.now()).exists()


def test_a_probe_that_says_nothing_leaves_its_place_to_another(owner: User) -> None:
    opened(owner)
    due()
    first, second = At(owner), At(owner)

    first.dropped(first.enter())

    assert second.enter().state == "half_open"


def test_a_probe_that_is_lost_gives_way_after_a_time(owner: User) -> None:
    opened(owner)
    due()
    lost, other = At(owner), At(owner)
    late = lost.enter()
    CircuitBreaker.objects.update(probe_until=timezone.now() - timedelta(seconds=1))

    probe = other.enter()

    assert lost.failed(late) is None
    assert other.succeeded(probe) == ("half_open", "closed")


@pytest.mark.parametrize("good", [True, False])
def test_an_answer_from_before_it_opened_is_no_probe(owner: User, *, good: bool) -> None:
    slow = At(owner)
    late = slow.enter()
    opened(owner)
    due()
    At(owner).enter()

    moved = slow.succeeded(late) if good else slow.failed(late)

    assert (moved, row().state, row().successes) == (None, "half_open", 0)


def test_a_reset_lets_calls_through_and_forgets_those_before(owner: User) -> None:
    worker = At(owner)
    late = worker.enter()
    opened(owner)

    done = [reset(row()), reset(row())]
    worker.failed(late)

    assert done == [True, False]
    assert At(owner).enter().state == "closed"
    assert row().failures == 0


def test_a_breaker_that_closed_while_it_was_asked_lets_the_call_through(owner: User) -> None:
    opened(owner)
    worker = At(owner)
    with pytest.raises(CircuitOpenError):
        worker.enter()
    reset(row())
    # What it knows is still fresh, and the reset time is over.
    worker._breakers._known[API].breaker.retry_at = 0

    assert worker.enter().state == "closed"


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_makes_the_probe() -> None:
    owner = UserFactory()
    opened(owner)
    due()

    def claim(_number: int) -> bool:
        try:
            return Circuit(owner.pk, API).claim(POLICY).done
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as workers:
        claimed = list(workers.map(claim, range(24)))

    assert claimed.count(True) == 1


@contextmanager
def database_away() -> Iterator[None]:
    """Every query of breakers fails."""
    table = CircuitBreaker._meta.db_table
    _rename(table, f"{table}_away")
    try:
        yield
    finally:
        _rename(f"{table}_away", table)


def _rename(table: str, to: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {to}")


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_process_decides(caplog: pytest.LogCaptureFixture) -> None:
    worker = At(UserFactory())
    permit = worker.enter()
    with database_away():
        assert worker.failed(permit) is None
        assert worker.failed(worker.enter()) == ("closed", "open")
        with pytest.raises(CircuitOpenError):
            worker.enter()
        worker.clock.time += 60
        probe = worker.enter()
        assert probe.moved == ("open", "half_open")
        worker.dropped(probe)
        again = worker.enter()
    worker.later()

    assert worker.succeeded(again) == ("half_open", "closed")
    assert worker.enter().state == "closed"
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("test_actors")
def test_runs_of_two_workflows_share_a_breaker_by_its_name_and_say_when_it_opens() -> None:
    owner = UserFactory()
    graph = graph_of("test_breaks")
    policy = {"breaker": {"name": "b", "failures": 2}}
    Editor(graph).set_node_metadata("test_breaks", {"policy": policy})
    for number in range(3):
        start_execution(owner=owner, graph=graph, input={"in": number}, execution_id=f"{number}")
        claim = claim_next("celery@test", 1)
        assert claim is not None
        async_to_sync(run)(claim)

    events = ExecutionEvent.objects.filter(type="BreakerChanged")
    told: list[tuple[str, Any]] = [
        (event.execution.execution_id, json.loads(event.data)["new"]) for event in events
    ]
    last = Execution.objects.get(execution_id="2")

    assert told == [("1", "open")]
    assert "the circuit breaker 'b' is open for another" in last.error
    assert row().state == CircuitState.OPEN
