"""Firings in doubt as rows: what a run waits with, and what was decided when it goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from engine.graph import Graph
from engine.journal import Decision, Verdict
from workflows.event_log import held_row, nudge
from workflows.event_rows import clean
from workflows.exact_json import exact_message
from workflows.journal import begun
from workflows.lifecycle import move
from workflows.models import DoubtAction, DoubtfulFiring, Execution, Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from engine.journal import Intent
    from workflows.lifecycle import Claim


def wait(claim: Claim, intents: Iterable[Intent]) -> bool:
    """Let the run wait until somebody has decided on these; no worker holds it then.

    Returns:
        False if it is to be cancelled instead; nothing was written.

    Raises:
        FencedError: the run is no longer this worker's; nothing was written.
    """
    with transaction.atomic():
        row = held_row(claim)
        if row.cancel_requested_at is not None:
            return False
        _store(row, {intent.key for intent in intents})
        free = {"worker": "", "worker_pid": None, "token": F("token") + 1, "paused_at": None}
        move(row.pk, Status.WAITING, held=row.token, waiting_since=Now(), **free)
        transaction.on_commit(lambda: nudge(row.pk))
    return True


def _store(row: Execution, keys: set[str]) -> None:
    nodes = Graph.from_json(row.version.graph).nodes
    DoubtfulFiring.objects.bulk_create(
        (
            DoubtfulFiring(
                execution=row,
                key=item.intent.key,
                node=clean(item.intent.node),
                component=clean(nodes[item.intent.node].component),
                digest=item.intent.digest,
                inputs=item.inputs,
                incomplete=item.incomplete,
                begun_at=datetime.fromtimestamp(item.intent.at, UTC),
                worker=item.worker,
                attempt=item.attempt,
            )
            for item in begun(row.pk)
            if item.intent.key in keys
        ),
        batch_size=100,
    )


def decisions_of(execution_pk: UUID) -> dict[str, Decision]:
    """What was decided about the firings of a run, by key."""
    rows = DoubtfulFiring.objects.filter(execution_id=execution_pk)
    rows = rows.exclude(action__in=("", DoubtAction.FAIL))
    found = {}
    for key, action, outputs in rows.values_list("key", "action", "outputs"):
        sent = json.loads(outputs or "{}")
        messages = {port: [exact_message(item) for item in items] for port, items in sent.items()}
        found[key] = Decision(Verdict(action), messages)
    return found
