"""Each promise is broken by hand once: the checker has to see it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.checker import check, failed_by_faults
from tests.chaos.facts import (
    Accepted,
    Call,
    Event,
    Evidence,
    Followed,
    Injected,
    Row,
    Said,
    Stall,
    Trial,
)
from tests.chaos.figures import figures, owner_hits
from tests.chaos.workflows import kinds

KINDS = {kind.name: kind for kind in kinds()}
LEASE = 5.0


def log(run: str, *types: str, pids: dict[int, int] | None = None) -> tuple[Event, ...]:
    """Events of a run, one a second; ``pids`` says which process wrote which line."""
    said = {seq: {"text": f"process {pid}"} for seq, pid in (pids or {}).items()}
    return tuple(
        Event(run, seq, kind, 100.0 + seq, data=said.get(seq, {}))
        for seq, kind in enumerate(types, 1)
    )


def calls(run: str, *stages: tuple[str, object], pid: int = 7) -> tuple[Call, ...]:
    return tuple(
        Call(100.0 + number, f"{run}-{node}-{item}", run, node, item, pid)
        for number, (node, item) in enumerate(stages)
    )


ORDER = (("reserve", "a"), ("label", "a"), ("pay", "a"), ("ship", "a"))
GOOD = Evidence(
    accepted=(Accepted("s", "short", 100.0), Accepted("o", "order", 100.0)),
    rows=(
        Row("s", "completed", last_seq=3, outputs={"result": [42]}),
        Row("o", "completed", attempt=2, attempts_lost=1, last_seq=6, outputs={"result": ["a"]}),
    ),
    events=(
        *log("s", "Started", "ActorLogged", "Completed", pids={2: 7}),
        *log(
            "o",
            *("Started", "ActorLogged", "Requeued", "Started", "ActorLogged", "Completed"),
            pids={2: 7, 5: 8},
        ),
    ),
    calls=calls("o", *ORDER),
    injected=(Injected(97.0, "worker_child", "up-1@vm", (7,)),),
    said=(Said(101.0, "o", 1.5),),
    followed=(Followed("s", (1, 2, 3), "completed"),),
    trials=(Trial("a run goes on", 6.0, 7.0),),
    lease=LEASE,
)


def with_row(run: str, **changes: Any) -> Evidence:
    rows = tuple(replace(row, **changes) if row.execution_id == run else row for row in GOOD.rows)
    return replace(GOOD, rows=rows)


def with_events(run: str, *events: Event) -> Evidence:
    others = tuple(event for event in GOOD.events if event.execution_id != run)
    return replace(GOOD, events=(*others, *events))


def late(kind: str) -> Evidence:
    """A run is said to run 5 s after its lease, while a fault of this kind is under way."""
    said = (Said(104.0, "o", 5.0),)
    return replace(GOOD, said=said, injected=(Injected(102.0, kind),))


BROKEN = {
    "a run that is not there": (
        replace(GOOD, rows=GOOD.rows[1:], followed=(), events=GOOD.events[3:]),
        {("P1", "lost", "s")},
    ),
    "a run that never ended": (
        replace(
            with_row("s", status="running", last_seq=2),
            events=(*GOOD.events[:2], *GOOD.events[3:]),
            followed=(),
        ),
        {("P1", "stuck", "s")},
    ),
    "two runs of one id": (
        replace(GOOD, rows=(*GOOD.rows, GOOD.rows[0])),
        {("P9", "doubled", "s")},
    ),
    "another result": (with_row("s", outputs={"result": [43]}), {("P1", "wrong", "s")}),
    "a failure that no fault explains": (
        replace(
            with_row("s", status="failed", error_code="actor_failed"),
            events=(*log("s", "Started", "ActorLogged", "Failed"), *GOOD.events[3:]),
            followed=(),
        ),
        {("P1", "wrong", "s")},
    ),
    "a cancel that a lost worker forgot": (
        replace(
            GOOD,
            accepted=(GOOD.accepted[0], replace(GOOD.accepted[1], cancel_answer="200")),
        ),
        {("P1", "wrong", "o")},
    ),
    "an effect that was not done": (
        replace(GOOD, calls=GOOD.calls[:3]),
        {("P5", "lost", "o")},
    ),
    "an effect under two keys": (
        replace(GOOD, calls=(*GOOD.calls, replace(GOOD.calls[3], at=109.0, key="other"))),
        {("P5", "doubled", "o")},
    ),
    "a finished node that was done again": (
        replace(GOOD, calls=(*GOOD.calls, replace(GOOD.calls[0], at=109.0))),
        {("P5", "doubled", "o")},
    ),
    "an effect that nobody asked for": (
        replace(GOOD, calls=(*GOOD.calls, *calls("s", ("pay", "a")))),
        {("P5", "wrong", "s")},
    ),
    "two writers in one attempt": (
        with_events(
            "s", *log("s", "Started", "ActorLogged", "ActorLogged", "Completed", pids={2: 7, 3: 8})
        ),
        {("P4", "stale", "s"), ("P6", "gap", "s")},
    ),
    "an event between two attempts": (
        with_events(
            "o",
            *log("o", "Started", "Requeued", "ActorLogged", "Started", "NetworkIdle", "Completed"),
        ),
        {("P4", "stale", "o")},
    ),
    "an event after the end": (
        with_events("s", *log("s", "Started", "Completed", "ActorLogged")),
        {("P4", "stale", "s")},
    ),
    "a gap in the history": (
        with_events("s", GOOD.events[0], GOOD.events[2]),
        {("P6", "gap", "s")},
    ),
    "no history": (with_events("s"), {("P6", "gap", "s")}),
    "an end that the events do not say": (
        with_events("s", *log("s", "Started", "ActorLogged", "Failed")),
        {("P6", "wrong", "s")},
    ),
    "a socket that missed an event": (
        replace(GOOD, followed=(Followed("s", (1, 3), "completed"),)),
        {("P7", "gap", "s")},
    ),
    "a socket that saw one twice": (
        replace(GOOD, followed=(Followed("s", (1, 2, 2, 3), "completed"),)),
        {("P7", "gap", "s")},
    ),
    "a socket that was told another end": (
        replace(GOOD, followed=(Followed("s", (1, 2, 3), "failed"),)),
        {("P7", "lying", "s")},
    ),
    "a page that says running without an owner": (late("worker"), {("P3", "lying", "o")}),
    "an end that changed": (replace(GOOD, changed=("s",)), {("P1", "lying", "s")}),
    "a start that was answered by 500": (
        replace(GOOD, refused=("500 oops",)),
        {("P12", "wrong", "")},
    ),
    "a run that waited too long for another worker": (
        replace(GOOD, trials=(Trial("a run goes on", 7.1, 7.0),)),
        {("P3", "slow", "")},
    ),
    "a run that a deploy lost": (
        replace(
            with_events(
                "o",
                *(
                    replace(event, data={"reason": "the worker up-1@vm was lost while it ran this"})
                    if event.type == "Requeued"
                    else event
                    for event in GOOD.events[3:]
                ),
            ),
            injected=(Injected(97.0, "deploy", "up-1@vm", (7,)),),
        ),
        {("P16", "lost", "o")},
    ),
}


def found(evidence: Evidence) -> set[tuple[str, str, str]]:
    return {(one.promise, one.harm, one.execution_id) for one in check(evidence, KINDS)}


def test_kept_promises_give_nothing() -> None:
    assert found(GOOD) == set()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_seen(name: str) -> None:
    evidence, wanted = BROKEN[name]

    assert found(evidence) == wanted


def test_the_call_that_a_frozen_process_had_under_way_is_no_repetition_of_finished_work() -> None:
    frozen = Injected(97.0, "freeze_child", "up-1@vm", (7,))
    again = replace(GOOD.calls[0], at=109.0)

    evidence = replace(GOOD, calls=(*GOOD.calls, again), injected=(frozen,))

    assert found(evidence) == set()


def test_without_the_database_there_is_more_time_and_without_the_keeper_there_is_not() -> None:
    assert found(late("slow_database")) == set()
    assert found(late("freeze_keeper")) == {("P3", "lying", "o")}


def test_for_what_a_machine_that_stood_still_shows_nobody_is_blamed() -> None:
    still = replace(GOOD, said=(Said(144.0, "o", 44.0),), stalls=(Stall(101.0, 143.5),))
    before = replace(still, stalls=(Stall(1.0, 43.5),))

    assert not check(still, KINDS)
    assert [offence.harm for offence in check(before, KINDS)] == ["lying"]


def test_a_run_that_failed_by_faults_is_listed_and_is_no_broken_promise() -> None:
    evidence = replace(
        with_row("s", status="failed", error_code="worker_lost"),
        events=(*log("s", "Started", "ActorLogged", "Failed"), *GOOD.events[3:]),
        followed=(),
    )

    assert found(evidence) == set()
    assert [row.execution_id for row in failed_by_faults(evidence, KINDS)] == ["s"]


def lost(run: str, at: float, worker: str) -> Event:
    reason = f"the worker {worker} was lost while it ran this"
    return Event(run, 3, "Requeued", at, data={"reason": reason})


def test_a_fault_counts_as_a_hit_if_a_run_of_that_worker_was_requeued_after_it() -> None:
    child, other, whole = (
        Injected(100.0, "worker_child", "a"),
        Injected(100.5, "worker_child", "a"),
        Injected(130.0, "worker", "b"),
    )
    idle = Injected(200.0, "worker", "b")
    events = (lost("1", 105.0, "a"), lost("2", 135.0, "b"), lost("3", 135.5, "b"))

    hits = owner_hits(replace(GOOD, injected=(child, other, whole, idle), events=events))

    assert {fault: len(found) for fault, found in hits.items()} == {child: 1, whole: 2}


def test_a_clock_that_jumped_does_not_hide_a_hit() -> None:
    fault = Injected(100.0, "worker", "a")

    hits = owner_hits(replace(GOOD, injected=(fault,), events=(lost("1", 105.0 + 21_600, "a"),)))

    assert list(hits) == [fault]


def test_figures_count_runs_by_level_and_repeated_effects() -> None:
    again = replace(GOOD.calls[3], at=109.0)
    evidence = replace(GOOD, calls=(*GOOD.calls, again))

    numbers = figures(evidence, KINDS, check(evidence, KINDS))

    assert numbers["runs_by_level"] == {"restart": 1, "node": 1}
    assert (numbers["effects"], numbers["effects_repeated_with_their_key"]) == (4, 1)
    assert (numbers["runs_long_with_effects"], numbers["attempts_lost"]) == (1, 1)
    assert (numbers["lost"], numbers["doubled"]) == (0, 0)


def test_the_shares_of_the_kinds_are_what_the_figures_ask_for() -> None:
    long = sum(kind.share for kind in KINDS.values() if kind.long and kind.orders)
    levels = {
        level: sum(kind.share for kind in KINDS.values() if kind.level == level)
        for level in ("restart", "node", "message")
    }

    assert sum(kind.share for kind in KINDS.values()) == 100
    assert long >= 34
    assert min(levels.values()) >= 15
