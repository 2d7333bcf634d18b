"""The stored journal of a run: what a later attempt needs to go on where this one was lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction

from engine.codec import dumps
from engine.errors import CodecError
from engine.journal import FailedFiring
from engine.journal import JournalEntry as Entry
from engine.messages import ErrorValue
from workflows.event_log import FencedError
from workflows.event_rows import clean
from workflows.exact_json import exact_message, exact_messages, exact_text
from workflows.models import HELD, Execution, JournalEntry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from engine.messages import Message
    from workflows.lifecycle import Claim


class RunJournal:
    """Stores the entries of one attempt under its claim; ``error`` is why it could not."""

    def __init__(self, claim: Claim, last_seq: int) -> None:
        self.error: Exception | None = None
        self._claim = claim
        self._last_seq = last_seq
        self._states: dict[str, str] = {}  # of each node, as it was stored last

    async def commit(self, entries: list[Entry]) -> None:
        """Store entries in one transaction.

        Raises:
            FencedError: the run is no longer this worker's; nothing was written.
        """
        try:
            await sync_to_async(self._write)(entries)
        except Exception as error:
            self.error = error
            raise

    def _write(self, entries: list[Entry]) -> None:
        rows = [self._row(seq, entry) for seq, entry in enumerate(entries, self._last_seq + 1)]
        table = connection.ops.quote_name(JournalEntry._meta.db_table)  # noqa: SLF001 -- documented
        with transaction.atomic():
            self._check_held()
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {table} (execution_id, seq, node, taken, outputs, state)"  # noqa: S608 -- quoted
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    rows,
                )
        self._last_seq += len(rows)

    def _check_held(self) -> None:
        held = Execution.objects.filter(pk=self._claim.pk, token=self._claim.token, status__in=HELD)
        if held.select_for_update(of=("self",)).values_list("pk").first() is None:
            raise FencedError(f"{self._claim.pk} is not held with token {self._claim.token}")

    def _row(self, seq: int, entry: Entry) -> tuple[Any, ...]:
        execution = Execution._meta.pk.get_db_prep_value(self._claim.pk, connection)  # noqa: SLF001
        state = _texts(entry.state)
        unchanged = self._states.get(entry.node, "{}") == state
        self._states[entry.node] = state
        sent = (
            f"{dumps(port)}:[{','.join(map(_text, messages))}]"
            for port, messages in entry.outputs.items()
        )
        outputs = f"{{{','.join(sent)}}}"
        return (execution, seq, entry.node, _taken(entry), outputs, "" if unchanged else state)


def load(execution_pk: UUID) -> list[Entry]:
    """The entries of earlier attempts, in order."""
    states: dict[str, Mapping[str, Message]] = {}
    entries = []
    rows = JournalEntry.objects.filter(execution_id=execution_pk).order_by("seq")
    for row in rows.values_list("node", "taken", "outputs", "state", named=True):
        if row.state:
            states[row.node] = exact_messages(row.state)
        taken = json.loads(row.taken)
        sent = json.loads(row.outputs)
        entries.append(
            Entry(
                row.node,
                taken["consumed"],
                {port: [exact_message(item) for item in items] for port, items in sent.items()},
                states.get(row.node, {}),
                taken["fired"],
                taken["failed"],
                tuple(
                    FailedFiring(exact_messages(item["inputs"]), item["error"], item["code"])
                    for item in taken["failures"]
                ),
            )
        )
    return entries


def discard(execution_pk: UUID) -> None:
    """The run is over: nobody resumes it."""
    JournalEntry.objects.filter(execution_id=execution_pk).delete()


def _taken(entry: Entry) -> str:
    failures = [
        {"inputs": _texts(item.inputs), "error": clean(item.error), "code": item.code}
        for item in entry.failures
    ]
    counts = {"consumed": dict(entry.consumed), "fired": entry.fired, "failed": entry.failed}
    return dumps({**counts, "failures": failures})


def _texts(messages: Mapping[str, Message]) -> str:
    cells = (f"{dumps(clean(name))}:{_text(message)}" for name, message in messages.items())
    return f"{{{','.join(cells)}}}"


def _text(message: Message) -> str:
    """A message as it is stored; one that cannot be becomes an Error, as in the events."""
    try:
        return exact_text(message)
    except CodecError as error:
        return exact_text(ErrorValue(clean(str(error))))
