"""The journal of a run that has ended elsewhere than in its worker: what failed is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.graph import Graph
from engine.network.dead_letter import DeadLetter as Failed
from workflows.errors import PayloadError
from workflows.journal import INTENT, discard, failures_in
from workflows.letters import letters_of, write_letters
from workflows.models import Execution, JournalEntry
from workflows.payloads import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from workflows.letters import Letter

NONE_FAILED = (
    '"failures":[]'  # as ``taken`` of an entry has it; in a message its quotes are escaped
)


def close(execution_pk: UUID) -> None:
    """Make dead letters of the journal's failures, and delete it. Needs the ending transaction."""
    if letters := letters_in_journal(execution_pk):
        row = Execution.objects.get(pk=execution_pk)
        write_letters(row, letters, resumable=True)
        Execution.objects.filter(pk=execution_pk).update(dead_letters=len(letters))
    discard(execution_pk)


def letters_in_journal(execution_pk: UUID) -> tuple[Letter, ...]:
    """A letter for each failure of earlier attempts and this one; none without a journal."""
    failed = list(_failed(execution_pk))
    if not failed:
        return ()
    text = Execution.objects.values_list("version__graph", flat=True).get(pk=execution_pk)
    return letters_of(Graph.from_json(text), failed)


def _failed(execution_pk: UUID) -> Iterator[Failed]:
    rows = JournalEntry.objects.filter(execution_id=execution_pk).order_by("seq")
    rows = rows.exclude(taken__startswith=INTENT).exclude(taken__contains=NONE_FAILED)
    for node, kept in rows.values_list("node", "taken"):
        try:
            taken = json.loads(read(kept))
        except PayloadError as error:
            yield Failed(node, {}, str(error), error.code)
            continue
        for item in failures_in(taken):
            yield Failed(node, item.inputs, item.error, item.code, item.attempts)
