"""What a graph is made of: nodes, connections, initial packets, exposed ports, groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.codec import from_wire
from engine.messages import FrozenDict, FrozenList, Message

NOTHING = FrozenDict()  # no unknown keys
ANY_TYPE = FrozenDict({"type": "any"})


@dataclass(frozen=True, slots=True)
class EdgeDetails:
    """What one end of a connection holds beside its node and port; kept for export.

    Args:
        port_name: the ``portName`` as it was read; for most edges empty.
        by_name: the port was given by ``portName`` alone, with an empty ``portId``.
        extra: keys that Reflow does not know.
    """

    port_name: str = ""
    by_name: bool = False
    index: int | None = None
    expose: bool = False
    data: Any = field(default=None, hash=False)
    metadata: FrozenDict | None = field(default=None, hash=False)
    port_type: FrozenDict = field(default_factory=lambda: ANY_TYPE, hash=False)
    extra: FrozenDict = field(default_factory=lambda: NOTHING, hash=False)


PLAIN = EdgeDetails()


@dataclass(frozen=True, slots=True)
class Node:
    """One actor of the graph; ``metadata`` holds its settings and an editor's layout."""

    id: str
    component: str
    metadata: FrozenDict | None = field(default=None, hash=False)
    extra: FrozenDict = field(default_factory=lambda: NOTHING, hash=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """A way for messages from an outport to an inport; ports in the document's spelling."""

    from_node: str
    from_port: str
    to_node: str
    to_port: str
    metadata: FrozenDict | None = field(default=None, hash=False)
    data: Any = field(default=None, hash=False)
    source: EdgeDetails = PLAIN
    target: EdgeDetails = PLAIN
    extra: FrozenDict = field(default_factory=lambda: NOTHING, hash=False)

    @property
    def id(self) -> str:
        """``metadata.id`` if there is one, else ``a.out -> b.in``."""
        given = (self.metadata or NOTHING).get("id")
        return given if isinstance(given, str) and given else self.ends

    @property
    def ends(self) -> str:
        return f"{self.from_node}.{self.from_port} -> {self.to_node}.{self.to_port}"

    @property
    def feedback(self) -> bool:
        """Whether the graph says itself that this connection closes a cycle on purpose."""
        return (self.metadata or NOTHING).get("feedback") is True


@dataclass(frozen=True, slots=True)
class Initial:
    """A packet that an inport gets once, when the run starts; ``data`` is as in the document."""

    node: str
    port: str
    data: Any = field(hash=False)
    metadata: FrozenDict | None = field(default=None, hash=False)
    source: EdgeDetails = PLAIN
    target: EdgeDetails = PLAIN
    extra: FrozenDict = field(default_factory=lambda: NOTHING, hash=False)

    def message(self) -> Message:
        """The message itself.

        Raises:
            CodecError: the data does not fit its tag.
        """
        return from_wire(self.data)


@dataclass(frozen=True, slots=True)
class ExposedPort:
    """A port of a node under a public name: what a run is given, or gives back."""

    name: str
    node: str
    port: str
    details: EdgeDetails = PLAIN
    port_id: str | None = None  # as it was read; the original repeats the public name there

    @property
    def port_type(self) -> str:
        kind = self.details.port_type.get("type")
        return kind if isinstance(kind, str) else "any"


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that an editor shows together; it means nothing to a run."""

    id: str
    nodes: FrozenList = field(hash=False)
    metadata: FrozenDict | None = field(default=None, hash=False)
    extra: FrozenDict = field(default_factory=lambda: NOTHING, hash=False)
