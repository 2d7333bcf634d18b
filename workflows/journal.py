"""The stored journal of a run: what a later attempt needs to go on where this one was lost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, transaction

from engine.codec import dumps
from engine.errors import CodecError
from engine.journal import FailedFiring, Intent
from engine.journal import JournalEntry as Entry
from engine.messages import ErrorValue
from workflows.event_log import FencedError
from workflows.event_rows import clean
from workflows.exact_json import exact_message, exact_messages, exact_text
from workflows.letters import written
from workflows.models import HELD, Execution, JournalEntry
from workflows.payloads import keep, read, release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from engine.journal import JournalRecord
    from engine.messages import Message
    from workflows.lifecycle import Claim


INTENT = '{"intent":'  # how ``taken`` of an intent begins


class RunJournal:
    """Stores the entries of one attempt under its claim; ``error`` is why it could not."""

    def __init__(self, claim: Claim, last_seq: int) -> None:
        self.error: Exception | None = None
        self._claim = claim
        self._last_seq = last_seq
        self._states: dict[str, str] = {}  # of each node, as it was stored last

    async def commit(self, entries: list[JournalRecord]) -> None:
        """Store entries and intents in one transaction.

        Raises:
            FencedError: the run is no longer this worker's; nothing was written.
        """
        try:
            await sync_to_async(self._write)(entries)
        except Exception as error:
            self.error = error
            raise

    def _write(self, entries: list[JournalRecord]) -> None:
        table = connection.ops.quote_name(JournalEntry._meta.db_table)  # noqa: SLF001 -- documented
        with transaction.atomic():
            worker, attempt = self._check_held()
            rows = [
                _intent_row(self._claim.pk, seq, entry, worker, attempt)
                if isinstance(entry, Intent)
                else self._row(seq, entry)
                for seq, entry in enumerate(entries, self._last_seq + 1)
            ]
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {table} (execution_id, seq, node, taken, outputs, state)"  # noqa: S608 -- quoted
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    rows,
                )
        self._last_seq += len(rows)

    def _check_held(self) -> tuple[str, int]:
        """The worker that holds the run, and the number of its attempt."""
        held = Execution.objects.filter(pk=self._claim.pk, token=self._claim.token, status__in=HELD)
        row = held.select_for_update(of=("self",)).values_list("worker", "attempt").first()
        if row is None:
            raise FencedError(f"{self._claim.pk} is not held with token {self._claim.token}")
        return row

    def _row(self, seq: int, entry: Entry) -> tuple[Any, ...]:
        state = _texts(entry.state)
        unchanged = self._states.get(entry.node, "{}") == state
        self._states[entry.node] = state
        sent = (
            f"{dumps(port)}:[{','.join(map(_text, messages))}]"
            for port, messages in entry.outputs.items()
        )
        outputs = f"{{{','.join(sent)}}}"
        texts = (_taken(entry), outputs, "" if unchanged else state)
        kept = (keep(self._claim.pk, "journal", text) for text in texts)
        return (_prepared(self._claim.pk), seq, entry.node, *kept)


def _prepared(execution_pk: UUID) -> Any:
    return Execution._meta.pk.get_db_prep_value(execution_pk, connection)  # noqa: SLF001 -- documented


def _intent_row(
    execution_pk: UUID, seq: int, intent: Intent, worker: str, attempt: int
) -> tuple[Any, ...]:
    """What somebody may have to decide about later; of its inputs only the beginning."""
    limit = settings.EVENT_PREVIEW_CHARACTERS
    inputs, incomplete = written(intent.inputs, limit, "EVENT_PREVIEW_CHARACTERS")
    about = {"digest": intent.digest, "at": intent.at, "worker": worker, "attempt": attempt}
    taken = dumps({"intent": intent.key, **about, "incomplete": incomplete})
    return (_prepared(execution_pk), seq, intent.node, taken, inputs, "")


@dataclass(frozen=True, slots=True)
class Begun:
    """An intent as it is stored: ``inputs`` is JSON, and ``incomplete`` why it is not all."""

    intent: Intent
    inputs: str
    incomplete: str
    worker: str
    attempt: int


def begun(execution_pk: UUID) -> Iterator[Begun]:
    """Every intent of a run, in order."""
    rows = JournalEntry.objects.filter(execution_id=execution_pk, taken__startswith=INTENT)
    for row in rows.order_by("seq"):
        taken = json.loads(row.taken)
        about = (taken["incomplete"], taken["worker"], taken["attempt"])
        yield Begun(_intent(row.node, taken), row.outputs, *about)


def _intent(node: str, taken: dict[str, Any]) -> Intent:
    return Intent(node, taken["intent"], taken["digest"], {}, taken["at"])


def load(execution_pk: UUID) -> list[JournalRecord]:
    """The entries and intents of earlier attempts, in order; an intent without its inputs."""
    states: dict[str, Mapping[str, Message]] = {}
    entries: list[JournalRecord] = []
    rows = JournalEntry.objects.filter(execution_id=execution_pk).order_by("seq")
    for row in rows.values_list("node", "taken", "outputs", "state", named=True):
        if row.state:
            states[row.node] = exact_messages(read(row.state))
        taken = json.loads(read(row.taken))
        if "intent" in taken:
            entries.append(_intent(row.node, taken))
            continue
        sent = json.loads(read(row.outputs))
        entries.append(
            Entry(
                row.node,
                taken["consumed"],
                {port: [exact_message(item) for item in items] for port, items in sent.items()},
                states.get(row.node, {}),
                taken["fired"],
                taken["failed"],
                failures_in(taken),
                taken.get("closes", ""),
            )
        )
    return entries


def failures_in(taken: Mapping[str, Any]) -> tuple[FailedFiring, ...]:
    """What failed for good in an entry, from its column ``taken``."""
    return tuple(map(_failure, taken["failures"]))


def _failure(item: dict[str, Any]) -> FailedFiring:
    inputs = exact_messages(item["inputs"])
    return FailedFiring(inputs, item["error"], item["code"], item.get("attempts", 1))


def discard(execution_pk: UUID) -> None:
    """The run is over: nobody resumes it."""
    JournalEntry.objects.filter(execution_id=execution_pk).delete()
    release(execution_pk, "journal")


def _taken(entry: Entry) -> str:
    failures = [
        {
            "inputs": _texts(item.inputs),
            "error": clean(item.error),
            "code": item.code,
            "attempts": item.attempts,
        }
        for item in entry.failures
    ]
    counts = {"consumed": dict(entry.consumed), "fired": entry.fired, "failed": entry.failed}
    closes = {"closes": entry.closes} if entry.closes else {}
    return dumps({**counts, "failures": failures, **closes})


def _texts(messages: Mapping[str, Message]) -> str:
    cells = (f"{dumps(clean(name))}:{_text(message)}" for name, message in messages.items())
    return f"{{{','.join(cells)}}}"


def _text(message: Message) -> str:
    """A message as it is stored; one that cannot be becomes an Error, as in the events."""
    try:
        return exact_text(message)
    except CodecError as error:
        return exact_text(ErrorValue(clean(str(error))))
