"""The part of a network that runs in one process: its nodes, and its ends of the boundary."""

from __future__ import annotations

import asyncio
from collections import Counter
from copy import copy
from typing import TYPE_CHECKING

from engine.network.entry import lay_in
from engine.network.full_cycles import grow
from engine.network.life import drain
from engine.network.shards.boundary import Feed, Outlet
from engine.network.shards.coding import pack, unpack
from engine.network.shards.frames import Rest, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.graph import Graph
    from engine.messages import Message
    from engine.network.collector import Collector
    from engine.network.mailbox import Link
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler
    from engine.network.shards.channel import Channel
    from engine.network.shards.coding import Coder
    from engine.network.shards.frames import Frame


class Shard:
    """One process's part. The scheduler has been built with the whole graph, and keeps its own.

    Args:
        owners: the process of each node.
        tell: called when the part has nothing to do until it hears from another.
    """

    def __init__(
        self,
        index: int,
        owners: Mapping[str, int],
        scheduler: Scheduler,
        coder: Coder,
        tell: Callable[[Rest], None],
    ) -> None:
        self.index = index
        self.scheduler = scheduler
        self.channels: dict[int, Channel] = {}
        self.nodes: dict[str, Node] = scheduler.nodes  # of all processes
        self.collectors: dict[str, Collector] = scheduler.collectors  # of all processes
        self.outlets: dict[str, Outlet] = {}
        self.feeds: dict[str, Feed] = {}
        self._owners = owners
        self._senders: dict[str, int] = {}  # the process at the other end of each connection
        self._tell = tell
        self._sent: Counter[int] = Counter()
        self._received: Counter[int] = Counter()
        self._outbox: dict[int, Traffic] = {}
        self._early: list[tuple[int, Traffic]] = []
        self._begun = False
        coder.nodes = self.nodes
        coder.links = {link.connection_id: link for link in self.links}
        self._cut()

    @property
    def links(self) -> list[Link]:
        """The connections of all processes."""
        return [
            link
            for node in self.nodes.values()
            for outport in node.outports.values()
            for link in outport.links
        ]

    def _cut(self) -> None:
        """Put outlets and feeds where connections leave and enter, and drop the other nodes."""
        scheduler, owners, me = self.scheduler, self._owners, self.index
        for link in self.links:
            here, there = owners[link.from_node], owners[link.inport.node.node_id]
            name = link.connection_id
            if here == me != there:
                self._senders[name] = there
                self.outlets[name] = link.inport = Outlet(link.inport, name, self._post)
            elif there == me != here:
                self._senders[name] = here
                self.feeds[name] = Feed(link.inport, name, self._grant)
        scheduler.nodes = {name: node for name, node in self.nodes.items() if owners[name] == me}
        kept = {id(item) for node in scheduler.nodes.values() for item in node.collectors}
        scheduler.collectors = {
            name: item for name, item in self.collectors.items() if id(item) in kept
        }
        for node in scheduler.nodes.values():
            node.link_up()
        scheduler.overseer = self._rested

    def begin(self, graph: Graph, inputs: Mapping[str, Message], trigger: Message) -> None:
        """Lay in what is for the nodes here, and run."""
        mine = copy(graph)
        mine.initials = [item for item in graph.initials if item.node in self.scheduler.nodes]
        inports = graph.inports
        here = {
            name: message
            for name, message in inputs.items()
            if inports[name].node in self.scheduler.nodes
        }
        lay_in(mine, self.scheduler, here, trigger)
        self.scheduler.start()
        self._begun = True
        early, self._early = self._early, []
        for peer, traffic in early:
            self.receive(peer, traffic)

    # To the others.

    def _post(self, connection: str, messages: list[Message]) -> None:
        self._to(connection).batches.append((connection, *pack(messages)))

    def _grant(self, connection: str, count: int) -> None:
        grants = self._to(connection).grants
        grants[connection] = grants.get(connection, 0) + count

    def _to(self, connection: str) -> Traffic:
        """What is to be sent to the other end of a connection, when this slice is over."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        return self._outbox.setdefault(self._senders[connection], Traffic([], {}))

    def _flush(self) -> None:
        outbox, self._outbox = self._outbox, {}
        for peer, traffic in outbox.items():
            self._sent[peer] += 1
            self.channels[peer].send(traffic)

    def _rested(self) -> None:
        self._flush()
        self._tell(self.rest())

    def rest(self) -> Rest:
        """Where the part stands; true only while it is at rest."""
        full = {
            (inport.node.node_id, inport.name): inport.bound
            for inport in self.scheduler.parked
            if not isinstance(inport, Outlet)
        }
        return Rest(self.index, dict(self._sent), dict(self._received), full)

    def order(self, peer: int, frame: Frame) -> None:
        """Give another process something to do. It is counted, like traffic."""
        self._sent[peer] += 1
        self.channels[peer].send(frame)
        self.look_again()

    # From the others.

    def ordered(self, peer: int) -> None:
        """Another process has given this one something to do."""
        self._received[peer] += 1

    def receive(self, peer: int, traffic: Traffic) -> None:
        if not self._begun:  # initial packets come first
            self._early.append((peer, traffic))
            return
        self._received[peer] += 1
        for connection, packed, messages in traffic.batches:
            self.feeds[connection].take_in(unpack(packed, messages))
        for connection, count in traffic.grants.items():
            self.outlets[connection].granted(count)
        self.look_again()

    def look_again(self) -> None:
        """See whether there is something to do, and say so again if not."""
        self.scheduler.idle = False
        self.scheduler.kick()

    def grow(self, node: str, port: str) -> None:
        """Enlarge a full inport."""
        grow(self.scheduler, self.nodes[node].inports[port])
        self.look_again()

    def drain(self, name: str) -> bool:
        """Let a node send what it holds back; True if that gave others something to do."""
        node = self.nodes[name]
        worked = drain(node) and bool(node.targets)
        self.look_again()
        return worked
