"""What the sync process says of itself, and what others make of it: one row, read by all pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now
from django.utils import timezone

from observability.models import ZealConnection
from observability.zeal.backlog import lag
from observability.zeal.progress import place_of
from observability.zeal.wire import clean

if TYPE_CHECKING:
    from observability.zeal.config import ZealConfig
    from observability.zeal.inbound import InboundStatus
    from observability.zeal.link import Link
    from observability.zeal.live import SessionStatus

SILENT_SECONDS = 20.0
MAX_ERROR = 1_000  # characters kept


def write_report(
    config: ZealConfig, holder: str, link: Link, socket: SessionStatus, inbound: InboundStatus
) -> None:
    """Write the row of this Zeal; "since when" outlives a change of the process."""
    values: dict[str, Any] = {
        "holder": holder[:100],
        "seen_at": Now(),
        "profile": link.profile,
    }
    values |= {
        "socket": socket.profile,
        "socket_connected": socket.connected,
        "socket_changed_at": socket.since,
        "socket_error": _kept(socket.last_error),
        "socket_told": socket_told(socket),
        "heard": _kept(heard(inbound)),
    }
    if link.last_error_at is not None:
        values |= {"last_error": _kept(link.last_error), "last_error_at": link.last_error_at}
    row = place_of(config)
    if link.changed_at is not None and (row.changed_at is None or row.connected != link.connected):
        values |= {"connected": link.connected, "changed_at": link.changed_at}
    ZealConnection.objects.filter(pk=row.pk).update(**values)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with telling Zeal; ``works`` is False if somebody should look."""

    works: bool
    told: str  # one line
    connection: ZealConnection | None
    runs: int
    events: int
    seconds: float


def standing(config: ZealConfig) -> Standing:
    """Read what the process wrote, and count what waits."""
    row = ZealConnection.objects.filter(zeal=config.url).first()
    runs, events, seconds = lag()
    silent = timezone.now() - timedelta(seconds=SILENT_SECONDS)
    alive = row is not None and row.seen_at is not None and row.seen_at > silent
    if row is None or not alive:
        told = "no process sends to Zeal: manage.py sync"
    else:
        since = f" since {row.changed_at:%Y-%m-%d %H:%M:%S} UTC" if row.changed_at else ""
        how = "connected" if row.connected else "not connected"
        told = f"{how}{since}, traces over {row.profile}, socket {row.socket}, by {row.holder}"
    waiting = f"{events} events of {runs} runs wait, {seconds:.0f} s behind"
    works = bool(alive and row and row.connected)
    return Standing(works, f"{told}; {waiting}", row, runs, events, seconds)


def socket_told(socket: SessionStatus) -> str:
    """What went over the socket, in one line."""
    types = ", ".join(f"{count} {name}" for name, count in socket.dropped_types)
    left_out = f" ({types})" if types else ""
    return (
        f"{socket.acknowledged} of {socket.sent} events acknowledged, {socket.refused} refused,"
        f" {socket.dropped} left out{left_out}"
    )


def heard(inbound: InboundStatus) -> str:
    """What became of what Zeal said, in one line; empty if it has said nothing."""
    counts = {
        "runs started": inbound.started,
        "starts repeated": inbound.repeated,
        "published": inbound.published,
        "unpublished": inbound.unpublished,
        "stopped, paused or resumed": inbound.controlled,
        "refused": inbound.refused,
        "not understood": inbound.strange,
        "no command": inbound.ignored,
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{told}; last problem: {inbound.last_problem}" if inbound.last_problem else told


def _kept(error: str) -> str:
    return str(clean(error))[:MAX_ERROR]
