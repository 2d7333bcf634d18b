"""The stored cursors of runs: which of them have to be told to Zeal, and how far each is."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from observability.models import (
    UNDELIVERED,
    LiveState,
    TraceSession,
    TraceState,
    ZealConnection,
)
from observability.zeal.config import SocketKind
from observability.zeal.wire import clean
from workflows.models import TERMINAL, Execution, Status
from workflows.workers import from_now

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from observability.zeal.config import ZealConfig

MARGIN = timedelta(minutes=10)  # for a commit that came late, or a clock that is wrong
BEFORE = timedelta(minutes=1)
ADOPTED_A_ROUND = 500
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
LIVE_FAILS = 5  # the pause of a fifth failure: the socket has waited itself
MAX_ERROR = 1_000  # characters kept


class SupersededError(Exception):
    """Somebody else has moved the row: another process works, or it is to be sent again."""


class NotNowError(Exception):
    """Zeal takes it later, or nobody knows; ``seconds`` is what Zeal asked for."""

    def __init__(self, why: str, seconds: float = 0) -> None:
        self.seconds = seconds
        super().__init__(why)


def adopt(config: ZealConfig) -> int:
    """Make a row for each run that has none, of those made since this Zeal was configured.

    Returns:
        How many there were; there may be more if it is ``ADOPTED_A_ROUND``.
    """
    place = place_of(config)
    since = max(place.since, (place.seen_until or place.since) - MARGIN)
    # With the status named, the index of status and time serves.
    new = Execution.objects.filter(
        status__in=Status.values, created_at__gte=since, trace_session__isnull=True
    )
    found = list(new.order_by("created_at").values_list("pk", "created_at")[:ADOPTED_A_ROUND])
    rows = [TraceSession(execution_id=pk, **_beginning(config)) for pk, _ in found]
    TraceSession.objects.bulk_create(rows, ignore_conflicts=True)
    seen_until = found[-1][1] if len(found) == ADOPTED_A_ROUND else timezone.now()
    ZealConnection.objects.filter(zeal=config.url).update(seen_until=seen_until)
    return len(found)


def place_of(config: ZealConfig) -> ZealConnection:
    """The row of this Zeal; it begins with the runs of the last minute, those of our own start."""
    begins = timezone.now() - BEFORE
    return ZealConnection.objects.get_or_create(zeal=config.url, defaults={"since": begins})[0]


def row_of(pk: UUID, config: ZealConfig) -> TraceSession | None:
    """The row of a run that is to be told, made if there is none; None: there is no such run."""
    row = TraceSession.objects.filter(pk=pk).first()
    if row is None and Execution.objects.filter(pk=pk).exists():
        row, _ = TraceSession.objects.get_or_create(execution_id=pk, defaults=_beginning(config))
    return row


def _beginning(config: ZealConfig) -> dict[str, Any]:
    """Whether the run is Zeal's is seen later, in its graph."""
    off = config.socket is SocketKind.OFF
    return {"zeal": config.url, "live": LiveState.NONE if off else LiveState.OPEN}


def move_to(config: ZealConfig) -> int:
    """Let what another Zeal was not told to its end begin anew at this one."""
    others = TraceSession.objects.filter(state__in=UNDELIVERED).exclude(zeal=config.url)
    return others.update(zeal=config.url, **_FROM_THE_START)


_FROM_THE_START: dict[str, Any] = {
    "state": TraceState.WAITING,
    "session_id": "",
    "asked_at": None,
    "profile": "",
    "trace_seq": 0,
    "under_way_seq": 0,
    "sent": 0,
    "dropped": 0,
    "repeated": 0,
    "data_bytes": 0,
    "fails": 0,
    "next_try": None,
    "last_error": "",
    "last_error_at": None,
    "ended_at": None,
}


def send_again(row: TraceSession) -> None:
    """Tell a run once more, as a new session."""
    rows = TraceSession.objects.filter(pk=row.pk)
    rows.update(resends=F("resends") + 1, without_messages=False, **_FROM_THE_START)


def due(busy: Collection[UUID], limit: int) -> list[UUID]:
    """Runs with something to tell, the oldest first."""
    rows = TraceSession.objects.filter(state__in=UNDELIVERED).exclude(pk__in=list(busy))
    news = Q(execution__last_seq__gt=F("trace_seq")) | Q(execution__status__in=TERMINAL)
    ready = Q(next_try__isnull=True) | Q(next_try__lte=Now())
    found = rows.filter(news, ready).order_by("created_at").values_list("pk", flat=True)
    return list(found[:limit])


def live_due(busy: Collection[UUID], limit: int) -> list[UUID]:
    """Runs with something for the live socket, the oldest first."""
    rows = TraceSession.objects.filter(live=LiveState.OPEN).exclude(pk__in=list(busy))
    news = Q(execution__last_seq__gt=F("live_seq")) | Q(execution__status__in=TERMINAL)
    ready = Q(live_next_try__isnull=True) | Q(live_next_try__lte=Now())
    found = rows.filter(news, ready).order_by("created_at").values_list("pk", flat=True)
    return list(found[:limit])


def settle_live(row: TraceSession, **changes: Any) -> None:
    """Write to the live side of a row that nobody else has moved.

    Raises:
        SupersededError: somebody has.
    """
    mine = TraceSession.objects.filter(pk=row.pk, live=row.live, live_seq=row.live_seq)
    if "live_error" in changes:
        changes["live_error"] = str(clean(changes["live_error"]))[:MAX_ERROR]
    if not mine.update(**changes):
        raise SupersededError(f"the live cursor of {row.pk} was moved by somebody else")
    for name, value in changes.items():
        setattr(row, name, value)


def soon() -> Any:
    """When a run that the socket could not have is offered again."""
    return from_now(pause_after(LIVE_FAILS))


def settle(row: TraceSession, **changes: Any) -> None:
    """Write to a row that nobody else has moved.

    Raises:
        SupersededError: somebody has.
    """
    mine = TraceSession.objects.filter(
        pk=row.pk,
        state=row.state,
        trace_seq=row.trace_seq,
        session_id=row.session_id,
        resends=row.resends,
    )
    if not mine.update(**changes):
        raise SupersededError(f"the session of {row.pk} was moved by somebody else")
    for name, value in changes.items():
        setattr(row, name, value)


def postpone(row: TraceSession, error: NotNowError) -> float:
    """Note a failure; the seconds until the next try, with jitter."""
    fails = row.fails + 1
    pause = pause_after(fails, error.seconds)
    settle(row, fails=fails, next_try=from_now(pause), **last_error(str(error)))
    return pause


def pause_after(fails: int, at_least: float = 0) -> float:
    """Seconds between 0.2 and 30, doubling, between a half and all of it."""
    longest: float = min(FIRST_PAUSE_SECONDS * 2 ** min(fails - 1, 10), LONGEST_PAUSE_SECONDS)
    return max(at_least, longest * random.uniform(0.5, 1))  # noqa: S311 -- no secret


def last_error(text: str) -> dict[str, Any]:
    return {"last_error": str(clean(text))[:MAX_ERROR], "last_error_at": timezone.now()}


def try_now() -> None:
    """Zeal is back: nobody waits for the end of his pause."""
    TraceSession.objects.filter(state__in=UNDELIVERED).update(next_try=None)
