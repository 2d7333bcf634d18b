"""How a run's end is written: status, result and terminal event in one fenced transaction."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from engine.codec import dumps
from engine.errors import CodecError, Problem
from engine.events import Cancelled, Completed, Failed, Requeued
from workflows.closing import close, letters_in_journal
from workflows.doubts import wait
from workflows.event_log import append, append_rows, rows_of
from workflows.event_rows import clean
from workflows.journal import discard
from workflows.letters import write_letters
from workflows.lifecycle import move, set_status
from workflows.models import Execution, Status
from workflows.pausing import let_go
from workflows.payloads import keep
from workflows.workers import count_success

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from engine.journal import Intent
    from engine.network import Result
    from workflows.event_rows import EventRow
    from workflows.letters import Letter
    from workflows.lifecycle import Claim

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, before it is written."""

    status: Status
    error: str = ""
    code: str = ""
    duration_ms: float | None = None
    nodes_executed: int = 0
    nodes_failed: int = 0
    outputs: Mapping[str, list[Any]] = field(default_factory=dict)
    dead_letters: int = 0  # all of them
    letters: tuple[Letter, ...] | None = None  # those that are kept; None: what the journal has
    rest: Sequence[EventRow] = ()  # events of the run that are not stored yet
    journaled: bool = False  # it has a journal, which nobody needs any more
    in_doubt: tuple[Intent, ...] = ()  # what somebody has to decide on, if it is to wait


def end_of(result: Result, problems: Iterable[Problem]) -> End:
    """The end of a run that ran until it was idle, or until something broke it."""
    outputs, unwritable = _writable(result.outputs)
    found = list(dict.fromkeys([*problems, *unwritable]))  # it was in more than one event
    error, code = result.error, result.code
    if not code and found:
        error, code = f"{found[0]}{_more(len(found) - 1)}", "message_invalid"
    return End(
        status=_status(result, code),
        in_doubt=result.in_doubt,
        error=error,
        code=code,
        duration_ms=result.duration_ms,
        nodes_executed=result.nodes_executed,
        nodes_failed=result.nodes_failed,
        outputs=outputs,
    )


def _status(result: Result, code: str) -> Status:
    if result.status == "waiting":
        return Status.WAITING
    return Status.FAILED if code else Status.COMPLETED


def write_end(claim: Claim, end: End) -> None:
    """Store the end under this claim; it may be that the run waits for a decision.

    Raises:
        FencedError: the run is no longer this worker's; nothing was written.
    """
    if end.status is Status.WAITING:
        if wait(claim, end.in_doubt):
            return
        end = replace(end, status=Status.CANCELLED, error="", code="")
    with transaction.atomic():
        row = Execution.objects.select_for_update(of=("self",)).get(pk=claim.pk)
        append_rows(claim.pk, claim.token, [*end.rest, *rows_of([_event(row, end)])])
        if end.letters is None:
            left = letters_in_journal(claim.pk)
            end = replace(end, letters=left, dead_letters=len(left))
        write_letters(row, end.letters or (), resumable=end.journaled)
        to_end = move if row.webhook_url else set_status  # a statement less
        to_end(
            claim.pk,
            end.status,
            held=claim.token,
            result=keep(row.pk, "result", _result(row, end), row.owner_id),
            error=clean(end.error),
            error_code=end.code,
            duration_ms=end.duration_ms,
            nodes_executed=end.nodes_executed,
            nodes_failed=end.nodes_failed,
            dead_letters=end.dead_letters,
            attempts_failed=F("attempts_failed") + int(end.status is Status.FAILED),
        )
        count_success(row.worker)
        if end.journaled:
            discard(claim.pk)


def fail(pk: UUID, error: str, code: str, **columns: Any) -> bool:
    """End a run that nobody holds, or whose holder is lost; False if it was over meanwhile."""
    with transaction.atomic():
        token = F("token") + 1  # whoever held it writes no more
        failed = move(pk, Status.FAILED, error=error, error_code=code, token=token, **columns)
        if failed:
            close(pk)
            append(pk, None, [Failed(timestamp=time.time(), error=error, code=code)])
    return failed


def give_back(claim: Claim, reason: str) -> None:
    """Queue a run again that the engine, not the workflow, has broken; give up after the last try.

    A row that is another's by now stays as it is.
    """
    with transaction.atomic():
        row = Execution.objects.select_for_update(of=("self",)).get(pk=claim.pk)
        if row.token == claim.token:
            requeue(row, reason, "engine_error", hinted_at=Now())


def requeue(row: Execution, reason: str, code: str, **columns: Any) -> None:
    """Queue a run again whose attempt was lost; after the last of ``LOST_ATTEMPTS`` it fails.

    One that is, or is to be, paused stays so until it is resumed.

    Needs an open transaction in which the row is locked.
    """
    lost = row.attempts_lost + 1
    columns |= {"attempts_lost": lost, "lost_by": row.worker, "lost_at": Now()}
    if lost >= settings.LOST_ATTEMPTS:
        times = f" ({lost} attempts were lost; limit: LOST_ATTEMPTS)" if lost > 1 else ""
        fail(row.pk, clean(f"{reason}{times}"), code, **columns)
        return
    if let_go(row, **columns):
        event = Requeued(timestamp=time.time(), attempt=row.attempt, reason=clean(reason))
        append(row.pk, None, [event])


def _event(row: Execution, end: End) -> Completed | Failed | Cancelled:
    now = time.time()
    counts = {"nodes_executed": end.nodes_executed, "nodes_failed": end.nodes_failed}
    if end.status is Status.COMPLETED:
        return Completed(timestamp=now, duration_ms=end.duration_ms or 0.0, **counts)
    if end.status is Status.CANCELLED:
        return Cancelled(
            timestamp=now,
            by=row.cancel_by,
            reason=row.cancel_reason,
            duration_ms=end.duration_ms,
        )
    return Failed(
        timestamp=now,
        error=clean(end.error),
        code=end.code,
        duration_ms=end.duration_ms,
        **counts,
    )


def _result(row: Execution, end: End) -> str:
    return dumps(
        {
            "status": end.status.value,
            "execution_id": row.execution_id,
            "workflow_id": row.workflow_label or str(row.workflow_id or ""),
            "duration_ms": end.duration_ms,
            "nodes_executed": end.nodes_executed,
            "nodes_failed": end.nodes_failed,
            "outputs": end.outputs,
        }
    )


def _writable(
    outputs: Mapping[str, list[Any]],
) -> tuple[dict[str, list[Any]], list[Problem]]:
    """The outputs, with a text in the place of each value that JSON has no room for."""
    kept: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for port, values in outputs.items():
        try:
            dumps(values)
            kept[clean(port)] = values
        except CodecError as error:
            problems.append(Problem(f"outport {port!r}", str(error), "message_invalid", port=port))
            kept[clean(port)] = [str(problems[-1])]
    return kept, problems


def _more(count: int) -> str:
    return f" (and {count} more)" if count else ""
