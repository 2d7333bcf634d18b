"""The stored events of a run: numbered without a gap, written in batches, then nudged."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from engine.events import ActorCompleted, MessageReceived, MessageSent
from workflows.event_rows import RowLimits, stored, to_row, within
from workflows.models import HELD, Execution, ExecutionEvent
from workflows.payloads import keep
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from engine.errors import Problem
    from engine.events import EngineEvent
    from workflows.event_rows import EventRow
    from workflows.lifecycle import Claim

logger = logging.getLogger(__name__)
_unheard = Repeats(logger)
_rests_until: WeakKeyDictionary[Any, float] = WeakKeyDictionary()  # monotonic, of a failed layer

WITH_MESSAGES = frozenset(kind.__name__ for kind in (ActorCompleted, MessageReceived, MessageSent))
GLOBAL_GROUP = "executions"  # hears of every run
NUDGE_TIMEOUT_SECONDS = 0.5
NUDGE_REST_SECONDS = 2.0  # about as often as readers look by themselves


class FencedError(Exception):
    """The run is no longer this worker's: nothing was written."""


def held_row(claim: Claim) -> Execution:
    """The run under its lock, as long as it is this claim's. Needs an open transaction.

    Raises:
        FencedError: it is another's by now, or nobody's.
    """
    row = Execution.objects.select_for_update(of=("self",)).get(pk=claim.pk)
    if row.token != claim.token or not row.is_held:
        raise FencedError(f"{claim.pk} is not held with token {claim.token}")
    return row


def group_name(execution_pk: UUID) -> str:
    """The channel-layer group that hears of new events of one run."""
    return f"execution.{execution_pk.hex}"


def append(
    execution_pk: UUID, token: int | None, events: Sequence[EngineEvent]
) -> tuple[Problem, ...]:
    """Number and store these events in one transaction, and nudge their readers after it.

    ``token`` is the claim under which the caller writes. None: the caller changed the row's status
    in the transaction that is open, and so is the only one that writes.

    Returns:
        The messages that could not be stored as they were; each stands as an Error in its row.

    Raises:
        FencedError: the token is no longer the row's, or the run is over.
    """
    limits = RowLimits(settings.EVENT_MESSAGE_BYTES, settings.EVENT_PREVIEW_CHARACTERS)
    rows = [to_row(event, limits) for event in stored(events)]
    if rows:
        with transaction.atomic():
            first, day = _take_numbers(execution_pk, token, len(rows))
            _insert(execution_pk, first, day, [_kept(execution_pk, row) for row in rows])
            transaction.on_commit(lambda: nudge(execution_pk))
    return tuple(problem for row in rows for problem in row.problems)


class EventWriter:
    """Stores the events of one attempt under its claim; ``problems`` is what it had to replace."""

    def __init__(self, claim: Claim) -> None:
        self.problems: list[Problem] = []
        self._claim = claim
        self._single = settings.EVENT_LIMIT
        self._quiet = settings.EVENT_WARN  # events until a word about it

    async def write(self, events: list[EngineEvent]) -> None:
        """Store a batch.

        Raises:
            FencedError: the run is no longer this worker's.
        """
        await sync_to_async(self._write)(events)

    def _write(self, events: list[EngineEvent]) -> None:
        kept, self._single = within(events, self._single)
        self.problems += append(self._claim.pk, self._claim.token, kept)
        before, self._quiet = self._quiet, self._quiet - len(kept)
        if before >= 0 > self._quiet:
            about = "execution %s: more than %s events in this attempt (limit: EVENT_WARN)"
            logger.warning(about, self._claim.execution_id, settings.EVENT_WARN)


def _kept(execution_pk: UUID, row: EventRow) -> EventRow:
    """A row with large messages gets the mark of its data; one that is found by it does not."""
    if row.type not in WITH_MESSAGES or len(row.data) * 4 <= settings.PAYLOAD_INLINE_BYTES:
        return row
    return replace(row, data=keep(execution_pk, "event", row.data))


def _take_numbers(execution_pk: UUID, token: int | None, count: int) -> tuple[int, date]:
    """Move ``last_seq`` on; the first of the numbers that are now the caller's, and the day."""
    row = Execution.objects.filter(pk=execution_pk)
    if token is not None:
        row = row.filter(token=token, status__in=HELD)
    if not row.update(last_seq=F("last_seq") + count):
        raise FencedError(f"{execution_pk} is not held with token {token}")
    last, day = row.values_list("last_seq", "event_day").get()
    return last - count + 1, day


def _insert(execution_pk: UUID, first: int, day: date, rows: Sequence[EventRow]) -> None:
    """The fastest way the database has, many times the speed of ``bulk_create``."""
    table = connection.ops.quote_name(ExecutionEvent._meta.db_table)  # noqa: SLF001 -- documented
    execution = Execution._meta.pk.get_db_prep_value(execution_pk, connection)  # noqa: SLF001
    at = connection.ops.adapt_datetimefield_value
    written_day = connection.ops.adapt_datefield_value(day)
    values = [
        (execution, seq, row.type, row.node, at(row.at), row.data, written_day)
        for seq, row in enumerate(rows, first)
    ]
    columns = "execution_id, seq, type, node, at, data, day"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row_values in values:
                    copy.write_row(row_values)
        else:
            places = "%s, %s, %s, %s, %s, %s, %s"
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)  # noqa: S608 -- quoted


def nudge(execution_pk: UUID) -> None:
    """Tell readers that there is something to read. It may be lost: they also look by the clock.

    A layer that has failed is left alone for a while: whoever writes would wait for it each time.
    """
    layer = get_channel_layer()
    if _rests_until.get(layer, 0.0) > time.monotonic():
        return
    groups = (group_name(execution_pk), GLOBAL_GROUP)
    try:
        async_to_sync(_send)(layer, groups, str(execution_pk))
    except Exception as error:  # noqa: BLE001 -- a boundary: no layer's failure may stop a run
        _rests_until[layer] = time.monotonic() + NUDGE_REST_SECONDS
        _unheard.wrong("execution %s: readers were not nudged: %r", execution_pk, error)
    else:
        _unheard.right("readers are nudged again")


async def _send(layer: Any, groups: Sequence[str], execution_pk: str) -> None:
    async with asyncio.timeout(NUDGE_TIMEOUT_SECONDS):
        for group in groups:
            await layer.group_send(group, {"type": "events.new", "execution": execution_pk})
