"""Were the promises kept? A pure function over what is known after a run.

Written from docs/reliability.md and docs/operations.md, not from the code that keeps them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from tests.chaos.facts import TERMINAL, TERMINAL_EVENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.chaos.facts import Call, Event, Evidence, Row
    from tests.chaos.workflows import Kind

GRACE_SECONDS = 2.0  # after the lease, until the keeper, or who looks, has taken the run back
BLIND_SECONDS = 12.0  # the same, when neither can
BLINDING = {"database", "disk", "clock"}  # faults that hold up both
BETWEEN = ("Started", "Requeued")  # begin and end an attempt
OWN_FAILURES = ("worker_lost", "engine_error", "deadline_exceeded")


@dataclass(frozen=True, slots=True)
class Offence:
    """One broken promise: its number, what kind of harm it is, the run, and how it shows."""

    promise: str
    harm: str  # lost, stuck, doubled, lying, stale, gap, wrong or slow
    execution_id: str
    text: str


def check(evidence: Evidence, kinds: Mapping[str, Kind]) -> list[Offence]:
    """Every broken promise; none is what we want."""
    return [offence for rule in RULES for offence in rule(evidence, kinds)]


def failed_by_faults(evidence: Evidence, kinds: Mapping[str, Kind]) -> list[Row]:
    """Runs that would have completed, and failed because too much was taken from them."""
    meant = {run.execution_id: kinds[run.kind].ends for run in evidence.accepted}
    return [
        row
        for row in evidence.rows
        if row.status == "failed" and meant.get(row.execution_id) != "failed"
    ]


def accepted_runs_end(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    rows = Counter(row.execution_id for row in evidence.rows)
    status = {row.execution_id: row.status for row in evidence.rows}
    for run in evidence.accepted:
        name = run.execution_id
        if not rows[name]:
            yield Offence("P1", "lost", name, "was accepted and is not there")
        elif status[name] not in TERMINAL:
            yield Offence("P1", "stuck", name, f"is {status[name]} after everything was mended")
        if rows[name] > 1:
            yield Offence("P9", "doubled", name, f"has {rows[name]} rows")


def ends_are_true(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    rows = {row.execution_id: row for row in evidence.rows}
    for run in evidence.accepted:
        row = rows.get(run.execution_id)
        if row is None or row.status not in TERMINAL:
            continue
        kind = kinds[run.kind]
        lost = row.status == "failed" and row.error_code in OWN_FAILURES
        lost = lost or (row.status == "failed" and went_through_a_stall(evidence, row))
        stopped = row.status == "cancelled" and run.cancel_answer
        if row.status == "completed" and row.outputs != dict(kind.outputs):
            yield Offence("P1", "wrong", row.execution_id, f"gave {row.outputs}")
        if row.status != kind.ends and not lost and not stopped:
            text = f"is {row.status} ({row.error_code}: {row.error}), not {kind.ends}"
            yield Offence("P1", "wrong", row.execution_id, text)
        # Only an end that was written before the worker saw the request may go before it.
        if run.cancel_answer == "200" and row.status != "cancelled" and row.attempts_lost:
            text = f"was cancelled and lost its worker, and is {row.status}"
            yield Offence("P1", "wrong", row.execution_id, text)


def stood_still(evidence: Evidence, start: float, end: float) -> float:
    """For how many seconds of these the machine did nothing at all."""
    parts = (min(end, stall.until) - max(start, stall.at) for stall in evidence.stalls)
    return sum(max(0.0, part) for part in parts)


def went_through_a_stall(evidence: Evidence, row: Row) -> bool:
    """Whether the machine stood still while it ran: what it asked others had its time-out then."""
    if not evidence.stalls:
        return False
    times = [event.at for event in evidence.events if event.execution_id == row.execution_id]
    return bool(times) and stood_still(evidence, min(times), max(times)) > 0


def effects_are_accounted_for(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    calls = calls_by_run(evidence)
    rows = {row.execution_id: row for row in evidence.rows}
    for run in evidence.accepted:
        row = rows.get(run.execution_id)
        wanted = kinds[run.kind].effects
        done: dict[tuple[str, object], set[str]] = defaultdict(set)
        for call in calls.get(run.execution_id, ()):
            done[call.node, call.item].add(call.key)
        if row is not None and row.status == "completed" and (missing := wanted - set(done)):
            yield Offence("P5", "lost", run.execution_id, f"effects not done: {sorted(missing)}")
        for stage, keys in done.items():
            if stage not in wanted:
                yield Offence(
                    "P5", "wrong", run.execution_id, f"an effect nobody asked for: {stage}"
                )
            if len(keys) > 1:
                text = f"{stage} was done under {len(keys)} keys"
                yield Offence("P5", "doubled", run.execution_id, text)


def finished_work_is_not_done_again(
    evidence: Evidence, kinds: Mapping[str, Kind]
) -> Iterator[Offence]:
    """Once a later effect is called, an earlier one of its chain is not called again.

    But by a process that was frozen on the way: its one call under way carries the same key.
    """
    calls = calls_by_run(evidence)
    frozen = {pid for fault in evidence.injected if "freeze" in fault.kind for pid in fault.pids}
    for run in evidence.accepted:
        for order in kinds[run.kind].orders:
            place = {stage: number for number, stage in enumerate(order)}
            reached = 0
            for call in calls.get(run.execution_id, ()):
                stage = place.get((call.node, call.item), -1)
                if 0 <= stage < reached and call.pid not in frozen:
                    text = f"{order[stage]} was done again after {order[reached]}"
                    yield Offence("P5", "doubled", run.execution_id, text)
                reached = max(reached, stage)


def one_owner_writes(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    """In one attempt one process writes; between two, and after the end, nobody."""
    for name, events in events_by_run(evidence):
        writers: set[int] = set()
        owned = True
        for event in events:
            is_end = event.type in TERMINAL_EVENT.values()
            if not owned and not (event.type in BETWEEN or is_end):
                text = f"event {event.seq} ({event.type}) stands where nobody held the run"
                yield Offence("P4", "stale", name, text)
            new = event.pid not in {0, *writers}
            if event.pid:
                writers.add(event.pid)
            if new and len(writers) > 1:
                text = f"event {event.seq} is of process {event.pid}, of {sorted(writers)}"
                yield Offence("P4", "stale", name, text)
            if event.type in BETWEEN:
                writers.clear()
            owned = event.type == "Started" or (owned and event.type != "Requeued" and not is_end)


def history_is_complete(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    rows = {row.execution_id: row for row in evidence.rows}
    for name, events in events_by_run(evidence):
        row = rows[name]
        if [event.seq for event in events] != list(range(1, row.last_seq + 1)):
            text = f"{len(events)} events, last_seq {row.last_seq}"
            yield Offence("P6", "gap", name, text)
        ends = [event.type for event in events if event.type in TERMINAL_EVENT.values()]
        wanted = [TERMINAL_EVENT[row.status]] if row.status in TERMINAL else []
        if ends != wanted:
            yield Offence("P6", "wrong", name, f"is {row.status}, and its events say {ends}")
    silent = set(rows) - {event.execution_id for event in evidence.events}
    for name in silent:
        if rows[name].last_seq or rows[name].status in TERMINAL:
            yield Offence("P6", "gap", name, "has no events")


def live_views_miss_nothing(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    rows = {row.execution_id: row for row in evidence.rows}
    for seen in evidence.followed:
        row = rows.get(seen.execution_id)
        if row is None:
            continue
        if seen.seqs != tuple(range(1, row.last_seq + 1)):
            text = f"a socket saw {len(seen.seqs)} of {row.last_seq} events, or in another order"
            yield Offence("P7", "gap", seen.execution_id, text)
        if seen.status != row.status:
            text = f"a socket was told {seen.status}, and it is {row.status}"
            yield Offence("P7", "lying", seen.execution_id, text)


def pages_do_not_lie(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    """A page says ``running`` only of a run with an owner, or one that was lost a moment ago."""
    for said in evidence.said:
        blind = any(
            BLINDING.intersection(fault.kind.split("_"))
            and fault.at - evidence.lease <= said.at <= max(fault.until, fault.at) + BLIND_SECONDS
            for fault in evidence.injected
        ) or any(stall.at <= said.at <= stall.until + BLIND_SECONDS for stall in evidence.stalls)
        still = stood_still(evidence, said.at - said.overdue, said.at)
        if said.overdue - still > (BLIND_SECONDS + GRACE_SECONDS if blind else GRACE_SECONDS):
            text = f"was said to run {said.overdue:.1f} s after its lease was over"
            yield Offence("P3", "lying", said.execution_id, text)
    for name in evidence.changed:
        yield Offence("P1", "lying", name, "was shown in another status after its end")


def refusals_are_polite(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    for answer in evidence.refused:
        yield Offence("P12", "wrong", "", f"a start was answered by {answer}")


def losses_are_mended_in_time(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    for trial in evidence.trials:
        if trial.seconds > trial.allowed:
            text = f"{trial.name}: {trial.seconds:.1f} s, of {trial.allowed:g} s"
            yield Offence("P3", "slow", "", text)


def deploys_lose_nothing(evidence: Evidence, kinds: Mapping[str, Kind]) -> Iterator[Offence]:
    """A worker that was asked to end ends its runs first: nothing of it is counted as lost."""
    for fault in evidence.injected:
        if fault.kind != "deploy":
            continue
        others = [
            other
            for other in evidence.injected
            if other is not fault and fault.at - 15 <= other.at <= fault.at + 40
        ]
        if any(other.worker == fault.worker or not other.worker for other in others):
            continue  # something else may have taken the runs
        for event in evidence.events:
            lost = event.type == "Requeued" and fault.worker in str(event.data.get("reason"))
            if lost and 0 <= event.at - fault.at <= 40:
                text = f"was lost when {fault.worker} was asked to end"
                yield Offence("P16", "lost", event.execution_id, text)


RULES: Sequence[Callable[[Evidence, Mapping[str, Kind]], Iterator[Offence]]] = (
    accepted_runs_end,
    ends_are_true,
    effects_are_accounted_for,
    finished_work_is_not_done_again,
    one_owner_writes,
    history_is_complete,
    live_views_miss_nothing,
    pages_do_not_lie,
    refusals_are_polite,
    losses_are_mended_in_time,
    deploys_lose_nothing,
)


def calls_by_run(evidence: Evidence) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(evidence.calls, key=lambda call: call.at):
        found[call.run].append(call)
    return found


def events_by_run(evidence: Evidence) -> Iterator[tuple[str, list[Event]]]:
    """Each run with its events in order; only runs that are in the database."""
    known = {row.execution_id for row in evidence.rows}
    ordered = sorted(evidence.events, key=lambda event: (event.execution_id, event.seq))
    for name, events in groupby(ordered, key=lambda event: event.execution_id):
        if name in known:
            yield name, list(events)
