"""What a process counted, told at its end, and taken over by the parent's copies of its nodes.

With them the parent sums up the run as if all nodes had been its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.network.dead_letter import MAX_DEAD_LETTERS
from engine.network.shards.frames import InportEnd, NodeEnd, Over

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.network.node import Node
    from engine.network.shards.shard import Shard


def tell(shard: Shard) -> Over:
    """The counters of a process, and what its graph outports have given."""
    scheduler = shard.scheduler
    return Over(
        nodes={name: _end_of(node) for name, node in scheduler.nodes.items()},
        outputs={
            name: (item.messages, item.truncated) for name, item in scheduler.collectors.items()
        },
        dead_letters=scheduler.dead_letters,
        failed_firings=scheduler.failed_firings,
        arrived={name: feed.moved for name, feed in shard.feeds.items()},
    )


def _end_of(node: Node) -> NodeEnd:
    return NodeEnd(
        fired=node.fired,
        failed=node.failed,
        abandoned=node.abandoned,
        inports={
            name: InportEnd(
                len(inport.queue),
                inport.high_water,
                inport.bound,
                inport.blocked_s,
                inport.filled_at,
            )
            for name, inport in node.inports.items()
        },
        pending={name: len(out.pending) for name, out in node.outports.items() if out.pending},
        links={
            link.connection_id: (link.messages, link.bytes)
            for outport in node.outports.values()
            for link in outport.links
        },
    )


def take_over(shard: Shard, ends: Iterable[Over]) -> None:
    """Have the scheduler of the parent hold the nodes of all processes, as they were left."""
    arrived = {name: feed.moved for name, feed in shard.feeds.items()}
    scheduler = shard.scheduler
    scheduler.nodes, scheduler.collectors = shard.nodes, shard.collectors
    scheduler.overseer = None
    for end in ends:
        arrived |= end.arrived
        for name, counted in end.nodes.items():
            _take_node(shard.nodes[name], counted)
        for name, (messages, truncated) in end.outputs.items():
            shard.collectors[name].messages = messages
            shard.collectors[name].truncated = truncated
        room = MAX_DEAD_LETTERS - len(scheduler.dead_letters)
        scheduler.dead_letters += end.dead_letters[: max(room, 0)]
        scheduler.failed_firings += end.failed_firings
    _leave_between(shard, arrived)


def _take_node(node: Node, counted: NodeEnd) -> None:
    node.fired, node.failed, node.abandoned = counted.fired, counted.failed, counted.abandoned
    for name, left in counted.inports.items():
        inport = node.inports[name]
        inport.queue = [None] * left.depth
        inport.high_water, inport.bound = left.high_water, left.bound
        inport.blocked_s, inport.filled_at = left.blocked_s, left.filled_at
    for outport in node.outports.values():
        outport.pending = [None] * counted.pending.get(outport.name, 0)
        for link in outport.links:
            link.messages, link.bytes = counted.links[link.connection_id]


def _leave_between(shard: Shard, arrived: Mapping[str, int]) -> None:
    """Messages on their way between two processes are left at the port that they were for."""
    for link in shard.links:
        target = link.inport.node.inports[link.inport.name]
        left = link.messages - arrived.get(link.connection_id, link.messages)
        if left > 0:
            target.queue = [*target.queue, *[None] * left]
