"""Numbers about a chaos run, from its evidence: what was hit, how long it took to be mended."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.chaos.checker import BLINDING, calls_by_run, failed_by_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.chaos.checker import Offence
    from tests.chaos.facts import Event, Evidence, Injected
    from tests.chaos.workflows import Kind

DEADLY = {"worker_child", "worker", "up", "freeze_child", "freeze_worker"}
HARMS = ("lost", "stuck", "doubled", "lying", "stale", "gap", "wrong", "slow")
CLOCK_JUMP = 21_600.0
SLACK_SECONDS = 12.0  # between a lease's end and the keeper's event, when the keeper was hit too


def figures(
    evidence: Evidence, kinds: Mapping[str, Kind], offences: list[Offence]
) -> dict[str, Any]:
    runs = [kinds[run.kind] for run in evidence.accepted]
    hits = owner_hits(evidence)
    harms = Counter(offence.harm for offence in offences)
    failed = failed_by_faults(evidence, kinds)
    repeated, effects = repeats(evidence)
    return {
        "runs": len(evidence.accepted),
        "runs_long_with_effects": sum(kind.long and bool(kind.orders) for kind in runs),
        "runs_by_level": dict(Counter(kind.level for kind in runs)),
        "runs_by_end": dict(Counter(row.status for row in evidence.rows)),
        "faults": len(evidence.injected),
        "faults_by_kind": dict(Counter(fault.kind for fault in evidence.injected).most_common()),
        "faults_that_hit_an_owner": len(hits),
        "attempts_lost": sum(row.attempts_lost for row in evidence.rows),
        "most_attempts": max((row.attempt for row in evidence.rows), default=0),
        "starts_tried_again": sum(len(run.answers) > 1 for run in evidence.accepted),
        "cancels": sum(bool(run.cancel_answer) for run in evidence.accepted),
        "effects": effects,
        "effects_repeated_with_their_key": repeated,
        "failed_by_faults": [
            {"run": row.execution_id, "code": row.error_code, "error": row.error} for row in failed
        ],
        "machine_stood_still": [round(one.until - one.at, 1) for one in evidence.stalls],
        "sockets_followed": len(evidence.followed),
        "page_samples_overdue": len(evidence.said),
        "requeued_after": _spread(requeue_seconds(evidence, hits)),
        "trials": [
            {"name": one.name, "seconds": round(one.seconds, 2), "allowed": one.allowed}
            for one in evidence.trials
        ],
        **{harm: harms[harm] for harm in HARMS},
    }


def owner_hits(evidence: Evidence) -> dict[Injected, list[Event]]:
    """Faults after which the log of a run says that its worker was lost.

    Each such event counts for one fault: the first on that worker that fits in time. A fault on
    a whole worker may have taken several runs, one on a child takes one.
    """
    deadly = sorted(
        (fault for fault in evidence.injected if fault.kind in DEADLY), key=lambda one: one.at
    )
    found: dict[Injected, list[Event]] = {}
    start = min((fault.at for fault in evidence.injected), default=0.0)
    for event in sorted(evidence.events, key=lambda one: righted(one.at, start)):
        reason = str(event.data.get("reason", ""))
        if event.type != "Requeued" or "was lost" not in reason:
            continue
        at = righted(event.at, start)
        for fault in deadly:
            fits = 0.6 * evidence.lease <= at - fault.at <= evidence.lease + SLACK_SECONDS
            free = fault not in found or fault.kind not in ("worker_child", "freeze_child")
            if fits and free and fault.worker and fault.worker in reason:
                found.setdefault(fault, []).append(event)
                break
    return found


def righted(at: float, start: float) -> float:
    """A moment by a clock that may have jumped, as the right one would have said it."""
    return at - CLOCK_JUMP * round((at - start) / CLOCK_JUMP)


def requeue_seconds(evidence: Evidence, hits: Mapping[Injected, list[Event]]) -> list[float]:
    """From a kill to the run's return to the queue, where nothing hit the keeper as well."""
    start = min((fault.at for fault in evidence.injected), default=0.0)
    blind = [one for one in evidence.injected if BLINDING.intersection(one.kind.split("_"))]
    return [
        righted(event.at, start) - fault.at
        for fault, events in hits.items()
        if not any(-SLACK_SECONDS < other.at - fault.at < SLACK_SECONDS for other in blind)
        for event in events
    ]


def repeats(evidence: Evidence) -> tuple[int, int]:
    """Effects that were called again under their key, and all effects."""
    keys = Counter(call.key for calls in calls_by_run(evidence).values() for call in calls)
    return sum(count > 1 for count in keys.values()), len(keys)


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "median": round(median(ordered), 2),
        "p95": round(ordered[int(len(ordered) * 0.95)], 2),
        "max": round(ordered[-1], 2),
    }
