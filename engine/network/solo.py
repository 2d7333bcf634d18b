"""A run in one process: what ``shards.parent.Parent`` does for several, where there is no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.graph.topology import topological_order
from engine.network.entry import lay_in
from engine.network.life import drain
from engine.network.start_at import lay_in_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.graph import Graph
    from engine.messages import Message
    from engine.network.scheduler import Scheduler


class Solo:
    """The only process of a run."""

    def __init__(self, graph: Graph, scheduler: Scheduler) -> None:
        self._graph = graph
        self._scheduler = scheduler

    async def open(self) -> None:
        """Nobody else is to be started."""

    async def begin(self, inputs: Mapping[str, Message], trigger: Message) -> None:
        scheduler = self._scheduler
        if scheduler.start_at is None:
            lay_in(self._graph, scheduler, inputs, trigger)
        else:
            lay_in_at(scheduler, scheduler.start_at)
        self._scheduler.start()

    async def settled(self) -> None:
        """Wait until all work is done."""
        await self._scheduler.settled()

    async def drain(self) -> None:
        """Let actors send what they hold back, each after all that send to it."""
        scheduler = self._scheduler
        if not any(hasattr(node.actor, "drain") for node in scheduler.nodes.values()):
            return
        for name in topological_order(self._graph):
            if scheduler.failure is not None or scheduler.stopping:
                return
            if drain(scheduler.nodes[name]):
                scheduler.kick()
                await scheduler.settled()

    def pause(self, *, paused: bool) -> None:
        """Nobody else need know."""

    def stop(self, *, at_once: bool) -> None:
        """Nobody else is to end."""

    async def close(self) -> None:
        """Nobody else has counted anything."""
