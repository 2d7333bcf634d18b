"""How far a run is: one small answer for the page and for its script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Max

from engine.events import ActorCompleted, ActorFailed, MessageSent, NodeExecuting
from workflows.admin import show
from workflows.models import Status
from workflows.selectors import waiting_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.models import Execution

MAX_FAILURES = 100  # listed on the page, newest first
EXECUTING, COMPLETED, FAILED = (
    kind.__name__ for kind in (NodeExecuting, ActorCompleted, ActorFailed)
)

PAUSABLE = frozenset({Status.QUEUED, Status.RUNNING})
SENT = MessageSent.__name__
ON_AN_ERROR_PORT = '{"from_port":"error'  # how the data of such an event begins


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One ``ActorFailed``; ``handled`` if the error went on by an ``error`` port."""

    seq: int
    node: str
    error: str
    code: str
    handled: bool


def state_of(execution: Execution, failures: Sequence[FailureRow]) -> dict[str, Any]:
    """What may change while somebody looks."""
    return {
        "status": execution.status,
        "status_text": show.status_text(execution.status),
        "over": execution.is_over,
        "can_pause": execution.status in PAUSABLE and execution.pause_requested_at is None,
        "can_resume": execution.pause_requested_at is not None and not execution.is_over,
        "duration": show.duration(execution),
        "nodes": show.nodes(execution),
        "why": waiting_reason(execution),
        "last_seq": execution.last_seq,
        "node_states": node_states(execution, failures),
    }


def failures_of(execution: Execution) -> list[FailureRow]:
    """The newest failures, with one query."""
    rows = execution.stored_events.filter(type=FAILED)
    found = rows.order_by("-seq").values_list("seq", "node", "data")[:MAX_FAILURES]
    return [_failure(seq, node, json.loads(data)) for seq, node, data in found]


def node_states(execution: Execution, failures: Sequence[FailureRow]) -> dict[str, str]:
    """Per node that did something: ``running``, ``completed``, ``handled`` or ``failed``.

    ``waiting`` is one that a person has to decide about. Without a worker nothing is at work.
    """
    rows = execution.stored_events.filter(type__in=(EXECUTING, COMPLETED, FAILED))
    last: dict[str, dict[str, int]] = {}
    # Without order_by() the model's ordering would make each row a group of its own.
    for node, kind, seq in rows.order_by().values_list("node", "type").annotate(last=Max("seq")):
        last.setdefault(node, {})[kind] = seq
    sent = execution.stored_events.filter(type=SENT)
    errors = (
        sent.filter(data__startswith=ON_AN_ERROR_PORT).order_by().values_list("node").distinct()
    )
    handled = {node for (node,) in errors}
    unhandled = {failure.node for failure in failures if not failure.handled}
    listed = {failure.node for failure in failures}
    states = {
        node: _state(
            seqs,
            works=bool(execution.worker) and not execution.is_over,
            failed=node in unhandled or node not in listed,
            handled=node in handled,
        )
        for node, seqs in last.items()
    }
    if execution.status == Status.WAITING:
        asked = execution.doubts.filter(action="").values_list("node", flat=True)
        states |= dict.fromkeys(asked, "waiting")
    return states


def _state(seqs: dict[str, int], *, works: bool, failed: bool, handled: bool) -> str:
    if FAILED in seqs and failed:
        return "failed"
    ended = max(seqs.get(COMPLETED, 0), seqs.get(FAILED, 0))
    if works and seqs.get(EXECUTING, 0) > ended:
        return "running"
    if handled or FAILED in seqs:
        return "handled"
    return "completed" if ended else ""


def _failure(seq: int, node: str, data: dict[str, Any]) -> FailureRow:
    return FailureRow(
        seq, node, str(data.get("error", "")), str(data.get("code", "")), bool(data.get("handled"))
    )
