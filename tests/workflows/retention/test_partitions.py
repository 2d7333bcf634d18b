"""Daily partitions of events; on SQLite there are none, and nothing breaks for it."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from engine.events import NetworkIdle
from tests.factories import ExecutionEventFactory, ExecutionFactory, claim_of
from tests.workflows.retention.rows import ended, pace, policy
from workflows import partitions
from workflows.event_log import append
from workflows.models import FIRST_DAY, Execution, ExecutionEvent, PruneRun, Status, today
from workflows.partitions import BEFORE, REST, TABLE, Ahead, make_ahead
from workflows.pruning import prune
from workflows.selectors import events_after

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL has partitions"
)


def add_day(day: date) -> str:
    """A partition for a day that is over."""
    name = f"{TABLE}_d{day:%Y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {name} PARTITION OF {TABLE}"
            f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        )
    return name


def settled_pass(**options: Any) -> PruneRun:
    """A pass as after a commit: no foreign key is left to be checked."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return prune(source="command", policy=policy(events=14), pace=pace(), **options)


def days_ago(days: int) -> date:
    return today() - timedelta(days=days)


def table_of(event: ExecutionEvent) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT tableoid::regclass::text FROM {TABLE}"  # noqa: S608 -- our own name
            " WHERE execution_id = %s AND seq = %s",
            [event.execution_id, event.seq],
        )
        return str(cursor.fetchone()[0])


@postgresql
def test_the_events_of_a_run_stand_on_the_day_of_the_run() -> None:
    run = ExecutionFactory(status=Status.RUNNING)
    append(run.pk, claim_of(run).token, [NetworkIdle(timestamp=1.0), NetworkIdle(timestamp=2.0)])

    tables = {table_of(event) for event in run.events.all()}

    assert tables == {f"{TABLE}_d{today():%Y%m%d}"}


@postgresql
def test_a_reader_touches_one_partition_only() -> None:
    run = ExecutionFactory()

    plan = json.dumps(json.loads(events_after(run).explain(format="json")))

    assert f"{TABLE}_d{today():%Y%m%d}" in plan
    assert plan.count('"Relation Name"') == 1


@postgresql
def test_an_event_of_a_day_without_a_partition_goes_to_the_rest() -> None:
    run = ExecutionFactory(event_day=date(2040, 1, 1))

    event = ExecutionEventFactory(execution=run, seq=1)

    assert table_of(event) == REST
    assert list(events_after(run)) == [event]


@postgresql
def test_a_number_is_given_once_in_a_run() -> None:
    run = ExecutionFactory()
    ExecutionEventFactory(execution=run, seq=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        ExecutionEventFactory(execution=run, seq=1)


@postgresql
def test_partitions_are_made_ahead_once() -> None:
    with connection.cursor() as cursor:
        for name in partitions.partitions().values():
            cursor.execute(f"DROP TABLE {name}")

    made = [make_ahead(), make_ahead()]

    assert made == [8, 0]
    assert max(partitions.partitions()) == today() + timedelta(days=7)


@postgresql
def test_a_day_that_began_in_the_rest_stays_there(caplog: pytest.LogCaptureFixture) -> None:
    day = today() + timedelta(days=7)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}_d{day:%Y%m%d}")
    ExecutionEventFactory(execution=ExecutionFactory(event_day=day), seq=1)

    Ahead().look()

    assert day not in partitions.partitions()
    assert not caplog.records


@postgresql
def test_a_day_whose_runs_may_all_lose_their_events_is_dropped() -> None:
    day = days_ago(20)
    name = add_day(day)
    runs = [ended(20, events=3, event_day=day) for _ in range(2)]

    done = settled_pass()

    assert name not in partitions.partitions().values()
    assert done.events == 6
    assert not Execution.objects.filter(events_pruned_at=None, pk__in=[r.pk for r in runs])
    assert not ExecutionEvent.objects.filter(execution__in=runs).exists()


@postgresql
def test_a_day_with_a_run_that_is_kept_loses_the_other_rows_only() -> None:
    day = days_ago(20)
    name = add_day(day)
    goes, stays = (
        ended(20, events=3, event_day=day),
        ended(20, events=2, event_day=day, pinned=True),
    )

    done = settled_pass()

    assert name in partitions.partitions().values()
    assert (done.events, goes.events.count(), stays.events.count()) == (3, 0, 2)


@postgresql
def test_a_run_that_is_pinned_while_its_day_goes_keeps_its_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = days_ago(20)
    add_day(day)
    first, second = ended(20, events=2, event_day=day), ended(20, events=2, event_day=day)
    seen: list[object] = []

    def pin(_done: object) -> None:
        if not seen and Execution.objects.get(pk=first.pk).events_pruned_at:
            seen.append(Execution.objects.filter(pk=second.pk).update(pinned=True))

    monkeypatch.setattr("workflows.pruning.RUNS_A_BATCH", 1)
    settled_pass(tell=pin)

    second.refresh_from_db()
    assert (first.events.count(), second.events.count()) == (0, 2)
    assert second.events_pruned_at is None


@postgresql
def test_a_partition_in_use_is_left_to_a_later_try(monkeypatch: pytest.MonkeyPatch) -> None:
    day = days_ago(20)
    name = add_day(day)
    monkeypatch.setattr("workflows.pruning.DROP_TRIES", 2)

    def in_use(_name: str) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr("workflows.pruning.drop", in_use)
    done = settled_pass()

    assert (done.partitions, done.error, done.complete) == (0, "", True)
    assert name in partitions.partitions().values()


def test_a_database_that_refuses_a_partition_is_asked_again_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> int:
        raise OperationalError("in use")

    monkeypatch.setattr(partitions, "make_ahead", refuse)
    ahead = Ahead()
    with caplog.at_level(logging.WARNING):
        ahead.look()
        ahead.look()  # not before a minute is over

    assert caplog.messages == ["no partition was made; trying again: in use"]


@pytest.fixture
def before_days(transactional_db: None) -> Iterator[Any]:
    """The tables as they were before events had days."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()  # other apps' tables stand upon ours, and go too
    yield executor.migrate([("workflows", "0006_circuit_breakers")]).apps
    later = MigrationExecutor(connection)
    later.migrate(newest)


@pytest.mark.django_db(transaction=True)
def test_the_migration_leaves_the_events_that_were_there_and_goes_back(before_days: Any) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    user = before_days.get_model("auth", "User").objects.create(username="somebody")
    model = partial(before_days.get_model, "workflows")
    version = model("WorkflowVersion").objects.create(owner=user, graph="{}", checksum="0")
    run = model("Execution").objects.create(owner=user, version=version, execution_id="old")
    events = model("ExecutionEvent").objects
    for seq in (1, 2):
        events.create(execution=run, seq=seq, type="Started", at=at, data="{}")

    there = [("workflows", "0007_event_days")]
    MigrationExecutor(connection).migrate(there)
    kept = Execution.objects.defer(None).only("pk", "event_day").get(pk=run.pk)
    forth = [(event.seq, event.day) for event in events_after(kept)]
    new = ExecutionEvent.objects.create(execution_id=run.pk, seq=3, type="Completed", at=at)
    MigrationExecutor(connection).migrate([("workflows", "0006_circuit_breakers")])
    back = list(events.order_by("seq").values_list("seq", flat=True))
    MigrationExecutor(connection).migrate(there)

    assert forth == [(1, FIRST_DAY), (2, FIRST_DAY)]
    assert (new.day, back) == (FIRST_DAY, [1, 2, 3])
    assert ExecutionEvent.objects.count() == 3
    if connection.vendor == "postgresql":
        assert table_of(new) == BEFORE


def test_without_partitions_nothing_is_made_or_found() -> None:
    if connection.vendor != "postgresql":
        assert (make_ahead(), partitions.partitions()) == (0, {})


def test_the_pass_in_another_thread_is_not_hurt_by_a_stop() -> None:
    ended(20, events=1)
    stopped = pace()
    stopped.stop = threading.Event()
    stopped.stop.set()

    done = prune(source="command", policy=policy(events=14), pace=stopped)

    assert (done.events, done.complete) == (0, False)
