"""What a run tells the world: the engine events, as values.

Each is derived from network events plus timing and size. ``timestamp`` is seconds since the
epoch; durations are milliseconds; sizes are bytes of the messages' wire form.

Source: architecture overview, "EngineEvent Types".
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.messages import FrozenDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    timestamp: float

    @property
    def type(self) -> str:
        return type(self).__name__

    def data(self) -> dict[str, Any]:
        """Every field but ``timestamp`` and ``node``, by name; messages as they are."""
        names = _NAMES.get(self.type)
        if names is None:
            every = tuple(item.name for item in fields(self))
            names = _NAMES[self.type] = tuple(n for n in every if n not in ("timestamp", "node"))
        return {name: getattr(self, name) for name in names}


_NAMES: dict[str, tuple[str, ...]] = {}  # of the fields of each type of event


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(_Event):
    """The network has started: so many nodes, so many connections."""

    nodes: int
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeExecuting(_Event):
    """A node began a turn of ``count`` firings."""

    node: str
    component: str
    count: int = 1
    input_connections: tuple[str, ...] = ()  # connection ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorCompleted(_Event):
    """A node finished a turn; ``outputs`` holds each port's last message of it."""

    node: str
    component: str
    count: int = 1
    duration_ms: float
    output_size: int
    output_connections: tuple[str, ...] = ()
    outputs: Mapping[str, Message] = field(default_factory=FrozenDict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFailed(_Event):
    """One firing failed for good; ``handled_by`` is the level that took the error.

    ``actor``, ``fallback`` or ``error_port``; empty, and not ``handled``, for a dead letter.
    """

    node: str
    component: str
    error: str
    code: str = "actor_error"  # the error's stable code, or the exception's class name
    handled: bool = False
    handled_by: str = ""
    output_connections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(_Event):
    """A message entered from outside: an initial packet, or an input of the run."""

    node: str
    port: str
    message: Message
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(_Event):
    """A message crossed a connection; ``count`` > 1: that many, of which this is the last."""

    node: str  # the sender
    from_port: str
    to_node: str
    to_port: str
    connection: str  # its id
    message: Message
    size: int  # bytes, of all of them
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorLogged(_Event):
    """A node wrote a line to the run's log."""

    node: str
    level: str  # debug, info, warning, error
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorStateChanged(_Event):
    """A node moved in the lifecycle table."""

    node: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRetried(_Event):
    """A firing failed and is tried again, after a wait; ``attempt`` counts from 1."""

    node: str
    attempt: int
    delay_ms: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringInDoubt(_Event):
    """A lost worker had begun an unsafe firing; ``action`` is what becomes of it.

    ``ask``, ``rerun``, ``skip``, ``output`` or ``fail``.
    """

    node: str
    component: str
    key: str  # its idempotency key
    action: str
    by: str = ""  # who decided; empty: the policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRestarted(_Event):
    """A supervisor made the actor anew; ``cause`` is the node that failed."""

    node: str
    cause: str
    restarts: int  # of the network, in the time that counts


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(_Event):
    """A circuit breaker opened, let probes through, or closed."""

    node: str
    breaker: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortGrew(_Event):
    """A full cycle's smallest port was enlarged, so that the run can go on."""

    node: str
    port: str
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesUndelivered(_Event):
    """Messages that were left at ports which cannot fire any more: {node.port: count}."""

    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIdle(_Event):
    """Nothing can run, nothing is in flight, no source is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShutdown(_Event):
    """Every teardown has run; nothing is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed(_Event):
    """The run ended well."""

    duration_ms: float
    nodes_executed: int
    nodes_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(_Event):
    """The run ended with an error; ``code`` is stable, such as ``actor_failed``."""

    error: str
    code: str
    duration_ms: float | None = None
    nodes_executed: int = 0
    nodes_failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(_Event):
    """The run was stopped: by whom, and why."""

    by: str
    reason: str = ""
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(_Event):
    """Nothing more fires until it is resumed; firings under way may still end after this."""

    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(_Event):
    """A paused run goes on, at once or as soon as a worker has taken it."""

    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued(_Event):
    """An attempt was given up: the run is queued again, or stays paused until it is resumed."""

    attempt: int
    reason: str


EngineEvent: TypeAlias = (
    Started
    | NodeExecuting
    | ActorCompleted
    | ActorFailed
    | MessageReceived
    | MessageSent
    | ActorLogged
    | ActorStateChanged
    | ActorRetried
    | FiringInDoubt
    | ActorRestarted
    | BreakerChanged
    | PortGrew
    | MessagesUndelivered
    | NetworkIdle
    | NetworkShutdown
    | Completed
    | Failed
    | Cancelled
    | Paused
    | Resumed
    | Requeued
)

TERMINAL = (Completed, Failed, Cancelled)
