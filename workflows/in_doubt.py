"""What a user decides about firings in doubt; after the last decision the run goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now

from engine.codec import dumps
from engine.errors import InputError, Problem
from engine.events import FiringInDoubt
from engine.graph import Graph
from engine.network.read_outputs import read_outputs
from workflows import surroundings
from workflows.endings import fail
from workflows.errors import DoubtDecidedError, NotWaitingError
from workflows.event_log import append
from workflows.event_rows import clean
from workflows.exact_json import exact_text
from workflows.hints import UNHINTED, hint_later
from workflows.models import DoubtAction, DoubtfulFiring, Execution, Status
from workflows.pausing import later_deadline, let_go

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from django.contrib.auth.models import User

CODE = "in_doubt"


def decide(
    *,
    execution: Execution,
    action: str,
    by: User,
    ids: Collection[int] | None = None,
    outputs: Mapping[str, Any] | None = None,
) -> int:
    """Say what becomes of firings in doubt: those of these ids, or all that are open.

    The run is queued once nothing of it is open any more. ``fail`` ends it at once.

    Args:
        outputs: {outport: [JSON value or tagged message]}, for ``output`` and one firing.

    Returns:
        How many were decided.

    Raises:
        InputError: the outputs do not fit the node, or are missing, or too many.
        NotWaitingError: the run does not wait for this.
        DoubtDecidedError: one of the ids was decided before, or is none of this run.
    """
    with transaction.atomic():
        row = Execution.objects.select_for_update(of=("self",)).get(pk=execution.pk)
        if row.status != Status.WAITING:
            raise NotWaitingError(row.status)
        firings = _chosen(row, ids)
        given = _outputs(row, firings, action, outputs)
        name = clean(by.get_username())[:150]
        pks = [firing.pk for firing in firings]
        DoubtfulFiring.objects.filter(pk__in=pks).update(
            action=action, outputs=given, decided_by=name, decided_at=Now()
        )
        append(row.pk, None, [_event(firing, action, name) for firing in firings])
        _go_on(row, action, name)
    return len(firings)


def _chosen(row: Execution, ids: Collection[int] | None) -> list[DoubtfulFiring]:
    found = DoubtfulFiring.objects.filter(execution=row, action="")
    if ids is not None:
        found = found.filter(pk__in=ids)
    firings = list(found.order_by("pk"))
    if ids is not None and len(firings) < len(set(ids)):
        open_ids = {firing.pk for firing in firings}
        raise DoubtDecidedError(sorted(set(ids) - open_ids))
    return firings


def _outputs(
    row: Execution,
    firings: list[DoubtfulFiring],
    action: str,
    outputs: Mapping[str, Any] | None,
) -> str:
    """The text that is stored, once the outputs were found to fit."""
    if action != DoubtAction.OUTPUT:
        if outputs is not None:
            raise InputError([Problem("outputs", f"is not for {action}", "invalid")])
        return ""
    if outputs is None:
        raise InputError([Problem("outputs", "is required for output", "required")])
    if len(firings) != 1:
        text = f"is for one firing, not for {len(firings)}: give one id"
        raise InputError([Problem("outputs", text, "invalid")])
    graph = Graph.from_json(row.version.graph)
    messages = read_outputs(graph, surroundings.registry(), firings[0].node, outputs)
    cells = (
        f"{dumps(port)}:[{','.join(map(exact_text, sent))}]" for port, sent in messages.items()
    )
    return f"{{{','.join(cells)}}}"


def _event(firing: DoubtfulFiring, action: str, by: str) -> FiringInDoubt:
    return FiringInDoubt(
        timestamp=time.time(),
        node=firing.node,
        component=firing.component,
        key=firing.key,
        action=action,
        by=by,
    )


def _go_on(row: Execution, action: str, by: str) -> None:
    """Fail the run, or let it go on if that was the last decision. Its deadline did not run."""
    if action == DoubtAction.FAIL:
        fail(row.pk, f"{by} ended it: what its firings in doubt have done is not known", CODE)
        return
    if DoubtfulFiring.objects.filter(execution=row, action="").exists():
        return
    let_go(row, waiting_since=None, **UNHINTED, **later_deadline(row, row.waiting_since))
    if row.pause_requested_at is None:
        hint_later(row.pk)
