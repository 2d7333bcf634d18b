"""The live socket as the rest of the server sees it: what is given to it, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from observability.zeal.traces import StoredEvent
    from observability.zeal.wire import JsonObject
    from workflows.zeal.connections import ZealConnections


class LiveProfile(StrEnum):
    """How the socket is held now."""

    WEBSOCKET = "socketio-websocket"
    POLLING = "socketio-polling"
    RAW = "raw"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What the translation of events needs to know of their run.

    Args:
        session_id: Zeal's execution id if the run was started there, else ours.
        workflow_id: of the workflow in Zeal.
        connections: looks up Zeal's nodes and connections; None: ours are sent.
    """

    execution_pk: UUID
    session_id: str
    workflow_id: str
    workflow_name: str
    connections: ZealConnections | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a page of events; all counts are of Zeal's events but ``dropped``.

    Args:
        last_seq: of the last stored event that is dealt with.
        sent: acknowledged by Zeal; in the raw profile, written.
        dropped: stored events that have no event in Zeal, that are too large, that Zeal refused or
            that broke every connection.
        repeated: sent again, because their connection broke, or their process ended, before Zeal
            had said anything.
    """

    last_seq: int
    sent: int
    dropped: int
    repeated: int


class LiveUnavailableError(Exception):
    """The live socket cannot have these events: the run goes on without it.

    Args:
        retry: whether they may be given again later: Zeal does not answer now. Otherwise it will
            not have them: the socket is off, or Zeal does not know the workflow.
    """

    def __init__(self, reason: str, *, retry: bool) -> None:
        self.reason = reason
        self.retry = retry
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """How the socket stands; counts are of events, since the process started."""

    connected: bool = False
    since: datetime | None = None  # of ``connected``
    profile: LiveProfile = LiveProfile.OFF
    last_error: str = ""
    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    dropped: int = 0
    dropped_types: tuple[tuple[str, int], ...] = ()  # of ``dropped``, by stored type


class Inbound(Protocol):
    """Who hears of what Zeal says."""

    async def command(self, name: str, payload: Any) -> Sequence[JsonObject]:
        """Do what Zeal says; the events that answer it.

        ``name`` is the event's on the wire, or the frame's type in the raw profile. Never raises
        for what is in the payload.
        """


class LiveSocket(Protocol):
    """What a bridge needs of the session."""

    @property
    def status(self) -> SessionStatus: ...

    async def run(self) -> None:
        """Connect and reconnect until cancelled; what is under way is flushed on the way out."""

    async def send(self, run: LiveRun, rows: Sequence[StoredEvent], told_to: int = 0) -> Sent:
        """Send a page of a run, and wait until Zeal has acknowledged it.

        ``told_to`` is the number of the last event that another process may have sent already.

        Raises:
            LiveUnavailableError: it cannot be sent.
        """
