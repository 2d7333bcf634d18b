"""What users and processes do, each with what must come of it, whatever statement breaks."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.db.models.functions import Now

from engine.messages import freeze
from tests.factories import LONG_AGO, graph_of, one_node_graph
from tests.faults.world import UNAVAILABLE, World, as_worker, ended, ledger, work
from tests.workflows.actors import LEDGER
from tests.workflows.api.graphs import pipeline
from tests.workflows.test_journal import BOOKED, booking, lose
from workflows.event_log import FencedError
from workflows.models import DeadLetter, Execution, ExecutionEvent, Status
from workflows.pausing import hand_back, hold, pause_execution
from workflows.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def nothing(_world: World) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Scenario:
    """``act`` is what breaks; it gives the statuses of its answers, if it is of the interfaces.

    Args:
        now: what must hold at once after ``act`` was answered as ``good`` says.
        again: what else it may answer when it is repeated.
        torn: what must hold while nobody has mended anything yet.
        end: what must hold when all is over.
        has_run: another worker can overtake it.
    """

    prepare: Callable[[World], object]
    act: Callable[[World], tuple[int, ...]]
    end: Callable[[World], Iterator[str]]
    good: tuple[int, ...] = ()
    again: tuple[int, ...] = ()
    now: Callable[[World], Iterator[str]] = nothing
    torn: Callable[[World], Iterator[str]] = nothing
    has_run: bool = False


def acted(act: Callable[[World], object]) -> Callable[[World], tuple[int, ...]]:
    """Of a process of ours, which answers nobody."""

    def acts(world: World) -> tuple[int, ...]:
        as_worker(lambda: act(world))
        return ()

    return acts


def only(world: World) -> Execution:
    row: Execution = world.runs.get()
    return row


def count_is(world: World, *counts: int) -> Iterator[str]:
    if world.runs.count() not in counts:
        yield f"lost or doubled: {world.runs.count()} runs, not {counts}"


def none_or_all(world: World, count: int) -> Iterator[str]:
    """Nothing is half-written, and an answer that says so is right."""
    yield from count_is(world, 0, count)
    yield from no_lie(world, stored=world.runs.exists())


def no_lie(world: World, *, stored: bool) -> Iterator[str]:
    if stored and "nothing was stored" in world.known["answer"].content.decode():
        yield "a lie: it says that nothing was stored"


# Starts.


def post_start(world: World) -> tuple[int, ...]:
    body = {"graph_json": pipeline(), "input": {"start": 1}}
    return (world.post("/workflows", body, **{"Idempotency-Key": "once"}),)


def post_bulk(world: World) -> tuple[int, ...]:
    items = [{"input": {"in": n}, "execution_id": f"bulk-{n}"} for n in range(3)]
    body = {"graph": one_node_graph().to_dict(), "items": items}
    return (world.post("/api/v1/executions/bulk", body),)


def all_completed(count: int) -> Callable[[World], Iterator[str]]:
    def check(world: World) -> Iterator[str]:
        yield from count_is(world, count)
        for row in world.runs:
            yield from ended(row, Status.COMPLETED)

    return check


def post_workflow(world: World) -> tuple[int, ...]:
    body = {"name": "kept", "graph": one_node_graph().to_dict()}
    return (world.post("/api/v1/workflows", body),)


def has_workflow(world: World) -> Iterator[str]:
    kept = list(world.owner.workflows.values_list("name", "current__number"))
    if kept != [("kept", 1)]:
        yield f"half-written: {kept}"


# Runs.


def start_short(world: World) -> None:
    world.start(one_node_graph(), input={"in": [7]})


def short_ended(world: World) -> Iterator[str]:
    yield from ended(only(world), Status.COMPLETED, {"out": [[7]]})


def start_large(world: World) -> None:
    world.start(one_node_graph(), input={"in": "x" * 300_000})


def large_ended(world: World) -> Iterator[str]:
    yield from ended(only(world), Status.COMPLETED, {"out": ["x" * 300_000]})


def start_journal(world: World) -> None:
    world.start(booking(resume="message"))


def journal_ended(world: World) -> Iterator[str]:
    yield from ended(only(world), Status.COMPLETED, BOOKED)
    yield from ledger(8, only(world).attempt, nodes=2)


def start_failing(world: World) -> None:
    graph = graph_of("test_breaks")
    policy = freeze({"policy": {"retry": {"attempts": 2, "delayMs": 0, "on": "any"}}})
    graph.nodes["test_breaks"] = replace(graph.nodes["test_breaks"], metadata=policy)
    world.start(graph, input={"in": 1})


def failed_once(world: World) -> Iterator[str]:
    row = only(world)
    yield from ended(row, Status.FAILED)
    letters = list(DeadLetter.objects.filter(execution=row).values_list("attempts", flat=True))
    if (letters, row.attempts_failed) != ([2], 1):
        yield f"doubled: letters {letters}, {row.attempts_failed} attempts failed"


def put_aside(world: World) -> None:
    claim = world.known["claim"]
    with suppress(FencedError):  # the worker leaves it then
        if hold(claim):
            hand_back(claim)


def start_paused(world: World) -> None:
    start_short(world)
    world.known["claim"] = world.claim()
    pause_execution(execution=only(world), by="ann")


# What people do with a run.


def queued(world: World) -> None:
    world.start(one_node_graph(), input={"in": [7]}, execution_id="run")


def held(world: World) -> None:
    queued(world)
    world.claim()


def post_cancel(world: World) -> tuple[int, ...]:
    return (world.post("/api/v1/executions/run/cancel", {"reason": "typo"}),)


def is_cancelled(world: World) -> Iterator[str]:
    row = only(world)
    if row.status != Status.CANCELLED and row.cancel_requested_at is None:
        yield f"a wrong success: it is {row.status}"


def cancelled(world: World) -> Iterator[str]:
    yield from ended(only(world), Status.CANCELLED)


def post_pause_and_resume(world: World) -> tuple[int, ...]:
    first = world.post("/api/v1/executions/run/pause")
    if first == UNAVAILABLE:
        return (first,)
    return first, world.post("/api/v1/executions/run/resume")


# After a loss.


def doubtful(**properties: Any) -> Callable[[World], None]:
    """A run whose worker was lost in the first firing of ``first``."""

    def prepare(world: World) -> None:
        graph = booking(resume="message", **properties)
        world.start(graph, execution_id="run")
        lose(world.claim(), graph, 1)

    return prepare


def waiting(world: World) -> None:
    doubtful(inDoubt="ask")(world)
    async_to_sync(run)(world.claim("celery@other"))
    assert only(world).status == Status.WAITING


def post_decision(world: World) -> tuple[int, ...]:
    return (world.post("/api/v1/executions/run/in-doubt/decide", {"action": "rerun"}),)


def decided(world: World) -> Iterator[str]:
    row = only(world)
    yield from ended(row, Status.COMPLETED, BOOKED)
    yield from ledger(8, row.attempt, nodes=2)
    kinds = list(row.stored_events.filter(type="FiringInDoubt").values_list("data", flat=True))
    asked = sum(json.loads(text)["action"] == "ask" for text in kinds)
    if asked > row.attempt:
        yield f"doubled: asked {asked} times"


def skipped(world: World) -> Iterator[str]:
    """At most once: what is in doubt is never done again."""
    yield from ended(only(world), Status.COMPLETED)
    if len(LEDGER) != len(set(LEDGER)):
        yield f"doubled: {len(LEDGER) - len(set(LEDGER))} effects again"


def with_letter(world: World) -> None:
    world.start(graph_of("test_breaks"), input={"in": 1})
    work()
    world.known["letter"] = DeadLetter.objects.get(owner=world.owner)


def post_requeue(world: World) -> tuple[int, ...]:
    body = {"ids": [world.known["letter"].pk]}
    return (world.post("/api/v1/dead-letters/requeue", body),)


def requeued_at_once(world: World) -> Iterator[str]:
    letter = DeadLetter.objects.get(pk=world.known["letter"].pk)
    again = world.runs.filter(source="dead_letter").count()
    if (letter.status == "requeued") != (again == 1) or again > 1:
        yield f"half-written: the letter is {letter.status} and has {again} runs"
    yield from no_lie(world, stored=bool(again) and not world.known.get("mended"))


def requeued(world: World) -> Iterator[str]:
    world.known["mended"] = True
    yield from requeued_at_once(world)
    yield from count_is(world, 2)


# The keeper.


def neglected(world: World) -> None:
    """A run of each kind that the keeper looks after."""
    for name in ("lost", "stopped", "late", "forgotten"):
        world.start(one_node_graph(), input={"in": [7]}, execution_id=name)
        if name in ("lost", "stopped"):
            world.claim()
    world.runs.filter(worker="celery@gone").update(lease_until=LONG_AGO)
    world.runs.filter(execution_id="stopped").update(cancel_requested_at=Now(), cancel_by="ann")
    world.runs.filter(execution_id="late").update(deadline_at=LONG_AGO)
    world.runs.update(created_at=LONG_AGO, hinted_at=None)


def kept(world: World) -> Iterator[str]:
    rows = {row.execution_id: row for row in world.runs}
    yield from ended(rows["lost"], Status.COMPLETED)
    yield from ended(rows["forgotten"], Status.COMPLETED)
    yield from ended(rows["stopped"], Status.CANCELLED)
    yield from ended(rows["late"], Status.FAILED)
    requeues = ExecutionEvent.objects.filter(execution=rows["lost"], type="Requeued").count()
    if (rows["lost"].attempts_lost, requeues) != (1, 1):
        yield f"doubled: {rows['lost'].attempts_lost} losses, {requeues} told"
