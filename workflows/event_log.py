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

from engine.events import ActorCompleted, MessageReceived, MessageSent
from workflows.event_rows import RowLimits, stored, to_row, within
from workflows.models import HELD, Execution, ExecutionEvent
from workflows.payloads import keep
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from engine.errors import Problem
    from engine.events import EngineEvent
    from workflows.event_rows import EventRow
    from workflows.lifecycle import Claim

logger = logging.getLogger(__name__)
_unheard = Repeats(logger)
_rests_until: WeakKeyDictionary[Any, float] = WeakKeyDictionary()  # monotonic, of a failed layer

WITH_MESSAGES = frozenset(kind.__name__ for kind in (ActorCompleted, MessageReceived, MessageSent))
GLOBAL_GROUP = "executions"  # hears of every run, for Zeal
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
    rows = rows_of(events)
    append_rows(execution_pk, token, rows)
    return tuple(problem for row in rows for problem in row.problems)


def rows_of(events: Iterable[EngineEvent]) -> list[EventRow]:
    """What is to be stored of these events."""
    limits = RowLimits(settings.EVENT_MESSAGE_BYTES, settings.EVENT_PREVIEW_CHARACTERS)
    return [to_row(event, limits) for event in stored(events)]


def append_rows(execution_pk: UUID, token: int | None, rows: Sequence[EventRow]) -> None:
    """Number and store these rows, as ``append`` does with events."""
    if rows:
        with transaction.atomic():
            first, day = _take_numbers(execution_pk, token, len(rows))
            inline = settings.PAYLOAD_INLINE_BYTES // 4  # characters, of which none is longer
            kept = [row if len(row.data) <= inline else _kept(execution_pk, row) for row in rows]
            _insert(execution_pk, first, day, kept)
            transaction.on_commit(lambda: nudge(execution_pk))


class EventWriter:
    """Stores the events of one attempt under its claim, but for those that come with its end.

    ``problems`` is what it had to replace.

    Args:
        over: whether the network has ended: from then on events are kept in ``rest``, for whoever
            writes the end.
    """

    def __init__(self, claim: Claim, over: Callable[[], bool] = lambda: False) -> None:
        self.problems: list[Problem] = []
        self.rest: list[EventRow] = []
        self._over = over
        self._claim = claim
        self._single = settings.EVENT_LIMIT
        self._quiet = settings.EVENT_WARN  # events until a word about it

    async def write(self, events: list[EngineEvent]) -> None:
        """Store a batch.

        Raises:
            FencedError: the run is no longer this worker's.
        """
        if self._over():
            self.rest += self._rows(events)
        else:
            await sync_to_async(self._write)(events)

    async def write_rest(self) -> None:
        """Store what is left of a run that ends here without an end.

        Raises:
            FencedError: the run is no longer this worker's.
        """
        rest, self.rest = self.rest, []
        await sync_to_async(append_rows)(self._claim.pk, self._claim.token, rest)

    def _write(self, events: list[EngineEvent]) -> None:
        append_rows(self._claim.pk, self._claim.token, self._rows(events))

    def _rows(self, events: list[EngineEvent]) -> list[EventRow]:
        kept, self._single = within(events, self._single)
        rows = rows_of(kept)
        self.problems += [problem for row in rows for problem in row.problems]
        self._warn(len(kept))
        return rows

    def _warn(self, count: int) -> None:
        before, self._quiet = self._quiet, self._quiet - count
        if before >= 0 > self._quiet:
            about = "execution %s: more than %s events in this attempt (limit: EVENT_WARN)"
            logger.warning(about, self._claim.execution_id, settings.EVENT_WARN)


def _kept(execution_pk: UUID, row: EventRow) -> EventRow:
    """A large row with messages gets the mark of its data; one that is found by it does not."""
    if row.type not in WITH_MESSAGES:
        return row
    return replace(row, data=keep(execution_pk, "event", row.data))


def _take_numbers(execution_pk: UUID, token: int | None, count: int) -> tuple[int, Any]:
    """Move ``last_seq`` on in one statement, which Django cannot write.

    Returns:
        The first of the numbers that are now the caller's, and the run's day as the database has
        it.
    """
    table = connection.ops.quote_name(Execution._meta.db_table)  # noqa: SLF001 -- documented
    held, values = "", [count, _key(execution_pk)]
    if token is not None:
        held = "AND token = %s AND status IN (%s, %s)"
        values += [token, *HELD]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET last_seq = last_seq + %s WHERE id = %s {held}"  # noqa: S608 -- quoted
            " RETURNING last_seq, event_day",
            values,
        )
        found = cursor.fetchall()
    if not found:
        raise FencedError(f"{execution_pk} is not held with token {token}")
    last, day = found[0]
    return last - count + 1, day


def _key(execution_pk: UUID) -> Any:
    return Execution._meta.pk.get_db_prep_value(execution_pk, connection)  # noqa: SLF001 -- documented


def _insert(execution_pk: UUID, first: int, day: Any, rows: Sequence[EventRow]) -> None:
    """The fastest way the database has, many times the speed of ``bulk_create``."""
    table = connection.ops.quote_name(ExecutionEvent._meta.db_table)  # noqa: SLF001 -- documented
    execution = _key(execution_pk)
    on_postgresql = connection.vendor == "postgresql"
    # Django's own way to write a time for SQLite takes a tenth of the whole.
    times = [row.at if on_postgresql else str(row.at.replace(tzinfo=None)) for row in rows]
    values = [
        (execution, seq, row.type, row.node, at, row.data, day)
        for seq, (row, at) in enumerate(zip(rows, times, strict=True), first)
    ]
    columns = "execution_id, seq, type, node, at, data, day"
    with connection.cursor() as cursor:
        if on_postgresql:
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row_values in values:
                    copy.write_row(row_values)
        else:
            places = "%s, %s, %s, %s, %s, %s, %s"
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)  # noqa: S608 -- quoted


def nudge(execution_pk: UUID) -> None:
    """Tell readers that there is something to read. It may be lost: they also look by the clock."""
    _nudge(execution_pk, [group_name(execution_pk), *_readers_of_all()])


def nudge_all(execution_pk: UUID) -> None:
    """Tell the readers of all runs of a new one; nobody reads it alone yet."""
    if groups := _readers_of_all():
        _nudge(execution_pk, groups)


def _readers_of_all() -> list[str]:
    return [GLOBAL_GROUP] if settings.ZEAL_URL else []


def _nudge(execution_pk: UUID, groups: Sequence[str]) -> None:
    """A layer that has failed is left alone for a while: a writer would wait for it each time."""
    layer = get_channel_layer()
    if _rests_until.get(layer, 0.0) > time.monotonic():
        return
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
