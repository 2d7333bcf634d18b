"""What the processes of one run say to each other. Many are made and nobody changes one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.graph import Graph
    from engine.limits import Limits
    from engine.messages import Message
    from engine.network.dead_letter import DeadLetter
    from engine.network.records import Record
    from engine.permissions import Permissions


@dataclass(slots=True)
class Plan:
    """What a child is to run.

    Args:
        owners: the process of each node.
        components: where each actor class is imported from, ``module:Class``.
        script: the file that the program was started with, where actors may stand, and its
            ``argv``.
        types: the event types that somebody listens to; None is all of them.
    """

    index: int
    owners: Mapping[str, int]
    graph: Graph
    components: Mapping[str, str]
    script: str
    argv: list[str]
    limits: Limits
    permissions: Permissions
    run_id: str
    recording: bool
    types: frozenset[type] | None


@dataclass(slots=True)
class Ready:
    """Every ``setup`` of this process has run."""


@dataclass(slots=True)
class Go:
    """All processes are ready: begin."""

    inputs: Mapping[str, Message]
    trigger: Message


@dataclass(slots=True)
class Traffic:
    """Messages for the receiver's nodes, and room for those it sends; both by connection id."""

    batches: list[tuple[str, int, list[Any]]]  # connection, how it is packed, messages
    grants: dict[str, int]


@dataclass(slots=True)
class Records:
    """What happened; the receiver answers with as much ``Room``, once its readers keep up."""

    records: list[Record]


@dataclass(slots=True)
class Room:
    records: int


@dataclass(slots=True)
class Rest:
    """A process has nothing to do until it hears from another.

    Args:
        sent: how many Traffic frames it has sent to each other process; ``received`` from each.
        full: the bound of each full inport that somebody waits for, by (node, port).
    """

    index: int
    sent: dict[int, int] = field(default_factory=dict)
    received: dict[int, int] = field(default_factory=dict)
    full: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class Grow:
    """All processes are stuck: enlarge this full inport."""

    node: str
    port: str


@dataclass(slots=True)
class Drain:
    """Let a node send what it holds back."""

    node: str


@dataclass(slots=True)
class Drained:
    """It has; ``worked``: something was sent on."""

    worked: bool


@dataclass(slots=True)
class Pause:
    paused: bool


@dataclass(slots=True)
class Stop:
    """End; ``at_once``: without waiting for the firings that are under way."""

    at_once: bool


@dataclass(slots=True)
class Broken:
    """The run has failed in this process."""

    error: str
    code: str


class InportEnd(NamedTuple):
    depth: int
    high_water: int
    bound: int
    blocked_s: float
    filled_at: float  # monotonic, which all processes of a machine share


@dataclass(slots=True)
class NodeEnd:
    """The counters of one node at the end.

    Args:
        pending: messages that found no room, by outport.
        links: messages and bytes, by connection id.
    """

    fired: int
    failed: int
    abandoned: int
    inports: dict[str, InportEnd]
    pending: dict[str, int]
    links: dict[str, tuple[int, int]]


@dataclass(slots=True)
class Over:
    """All there is to say about a process that has ended well.

    Args:
        outputs: messages, and whether some were cut off, by graph outport.
        arrived: messages that each connection from another process has brought to its inport.
    """

    nodes: dict[str, NodeEnd]
    outputs: dict[str, tuple[list[Message], bool]]
    dead_letters: list[DeadLetter]
    failed_firings: int
    arrived: dict[str, int]


Frame: TypeAlias = (
    Plan
    | Ready
    | Go
    | Traffic
    | Records
    | Room
    | Rest
    | Grow
    | Drain
    | Drained
    | Pause
    | Stop
    | Broken
    | Over
)
