"""Where messages wait: the bounded inport, the connection into it, the outport behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.messages import Message
    from engine.network.collector import Collector
    from engine.network.node import Node

EMPTY: Any = ()  # what an idle inport holds: a shared value, not a list of its own


class Inport:
    """One inport of a node: a list with a bound, and who waits for room in it."""

    __slots__ = (
        "blocked_s",
        "blocked_since",
        "bound",
        "fed",
        "filled_at",
        "high_water",
        "name",
        "node",
        "queue",
        "start_bound",
        "writers",
    )

    def __init__(self, node: Node, name: str, bound: int) -> None:
        self.node = node
        self.name = name
        self.bound = self.start_bound = bound
        self.queue: list[Message] = EMPTY
        self.writers: list[Callable[[], None]] = EMPTY  # each is called once when there is room
        self.high_water = 0
        self.filled_at = 0.0  # when it was empty last, monotonic: no message is older
        self.blocked_since: float | None = None  # monotonic
        self.blocked_s = 0.0
        self.fed = False  # a connection, an initial packet or a graph inport leads here

    @property
    def where(self) -> str:
        return f"{self.node.node_id}.{self.name}"

    def put(self, messages: list[Message]) -> None:
        """Add messages and wake the node; the caller has looked for room."""
        if self.queue:
            self.queue.extend(messages)
        else:
            self.queue = messages.copy()
            self.filled_at = self.node.scheduler.clock.monotonic()
        depth = len(self.queue)
        self.high_water = max(self.high_water, depth)
        self.node.wake()

    def take(self, most: int) -> list[Message]:
        """The oldest messages, at most so many; writers go on once it is half empty."""
        queue = self.queue
        if len(queue) <= most:
            self.queue = EMPTY
        else:
            queue, self.queue = queue[:most], queue[most:]
        if self.writers and len(self.queue) <= self.bound // 2:
            self.release_writers()
        return queue

    def park(self, writer: Callable[[], None]) -> None:
        """Call ``writer`` when there is room again."""
        if self.writers:
            self.writers.append(writer)
        else:
            self.writers = [writer]
            self.blocked_since = self.node.scheduler.clock.monotonic()
        self.node.scheduler.parked[self] = None

    def release_writers(self) -> None:
        writers, self.writers = self.writers, EMPTY
        if self.blocked_since is not None:
            self.blocked_s += self.node.scheduler.clock.monotonic() - self.blocked_since
            self.blocked_since = None
        self.node.scheduler.parked.pop(self, None)
        for writer in writers:
            writer()


class Link:
    """One connection at run time, with its counters."""

    __slots__ = (
        "bytes",
        "connection_id",
        "from_node",
        "from_port",
        "held",
        "inport",
        "messages",
        "writers",
    )

    def __init__(self, connection_id: str, from_node: str, from_port: str, inport: Inport) -> None:
        self.connection_id = connection_id
        self.from_node = from_node
        self.from_port = from_port  # as the graph spells it
        self.inport = inport
        self.messages = 0
        self.bytes = 0  # estimated
        self.held = False  # nothing may cross until it is released
        self.writers: list[Callable[[], None]] = EMPTY  # who waits for the release


class Outport:
    """One outport of a node: its links, its collectors, and what found no room yet."""

    __slots__ = ("collectors", "links", "name", "pending")

    def __init__(self, name: str) -> None:
        self.name = name
        self.links: list[Link] = []
        self.collectors: list[Collector] = []
        self.pending: list[Message] = EMPTY

    @property
    def connected(self) -> bool:
        return bool(self.links or self.collectors)
