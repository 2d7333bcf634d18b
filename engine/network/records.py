"""Batch records: one for a turn or a batch of messages, however many it holds.

Nobody changes one; they are not frozen because making a frozen one takes five times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.breaker import BreakerState
    from engine.lifecycle import ActorState
    from engine.messages import Message
    from engine.network.mailbox import Link
    from engine.network.node import Node


@dataclass(slots=True)
class NetworkStarted:
    at: float  # seconds since the epoch
    nodes: int
    connections: int

    weight = 1


@dataclass(slots=True)
class TurnStarted:
    """An actor began firing and has not finished at once."""

    at: float
    node: Node
    count: int

    weight = 1


@dataclass(slots=True)
class Turn:
    """An actor fired ``count`` times; ``announced``: TurnStarted records came before."""

    at: float  # of its end
    node: Node
    count: int
    failed: int  # of them
    duration: float  # seconds
    outputs: Mapping[str, list[Message]]
    announced: bool = False

    @property
    def weight(self) -> int:
        return 1 + sum(map(len, self.outputs.values()))


@dataclass(slots=True)
class Sent:
    """Messages crossed a connection."""

    at: float
    link: Link
    messages: list[Message]

    @property
    def weight(self) -> int:
        return len(self.messages)


@dataclass(slots=True)
class Received:
    """Messages entered from outside."""

    at: float
    node: Node
    port: str
    messages: list[Message]

    @property
    def weight(self) -> int:
        return len(self.messages)


@dataclass(slots=True)
class FiringFailed:
    at: float
    node: Node
    error: str
    code: str
    handled_by: str  # "actor", "fallback", "error_port"; empty: a dead letter

    weight = 1


@dataclass(slots=True)
class Retried:
    """A firing failed and is tried again after ``wait`` seconds."""

    at: float
    node: Node
    attempt: int
    wait: float
    error: str

    weight = 1


@dataclass(slots=True)
class Doubted:
    """A firing that an earlier attempt had begun, and what the policy makes of it."""

    at: float
    node: Node
    key: str
    action: str

    weight = 1


@dataclass(slots=True)
class BreakerMoved:
    at: float
    node: Node
    breaker: str
    old: BreakerState
    new: BreakerState

    weight = 1


@dataclass(slots=True)
class Restarted:
    """A supervisor made the actor anew, for the ``count``-th time, as ``cause`` had failed."""

    at: float
    node: Node
    cause: str
    count: int

    weight = 1


@dataclass(slots=True)
class Logged:
    at: float
    node: Node
    level: str
    text: str

    weight = 1


@dataclass(slots=True)
class Moved:
    """A node moved in the lifecycle table, other than by a turn."""

    at: float
    node: Node
    old: ActorState
    new: ActorState

    weight = 1


@dataclass(slots=True)
class Grew:
    at: float
    node: Node
    port: str
    bound: int

    weight = 1


@dataclass(slots=True)
class Undelivered:
    at: float
    ports: Mapping[str, int]

    weight = 1


@dataclass(slots=True)
class Idle:
    at: float

    weight = 1


@dataclass(slots=True)
class Shutdown:
    at: float

    weight = 1


Record: TypeAlias = (
    NetworkStarted
    | TurnStarted
    | Turn
    | Sent
    | Received
    | FiringFailed
    | Retried
    | Doubted
    | BreakerMoved
    | Restarted
    | Logged
    | Moved
    | Grew
    | Undelivered
    | Idle
    | Shutdown
)
