"""Supervision: which actors begin anew when one has failed, and when that is given up.

The message that failed has gone its way before (error port, dead letter); mailboxes are kept, the
actor and its state are made anew.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.lifecycle import ActorState
from engine.network.records import Restarted
from engine.network.renewal import begin, end

if TYPE_CHECKING:
    import asyncio

    from engine.network.node import Node
    from engine.network.scheduler import Scheduler
    from engine.policy import Supervision


class RestartIntensityError(EngineError):
    """Actors failed more often than the supervision allows."""

    code = "restart_intensity"


class Supervisor:
    """Restarts actors of one network."""

    __slots__ = ("_failed", "_policy", "_scheduler", "_times", "task")

    def __init__(self, scheduler: Scheduler, policy: Supervision) -> None:
        self._scheduler = scheduler
        self._policy = policy
        self._times: deque[float] = deque()  # of restarts that count, monotonic
        self._failed: list[Node] = []
        self.task: asyncio.Task[None] | None = None

    def failed(self, node: Node) -> None:
        """A firing of this node has failed: see to a restart before its next one."""
        now = self._scheduler.clock.monotonic()
        while self._times and now - self._times[0] > self._policy.within_ms / 1000:
            self._times.popleft()
        self._times.append(now)
        if len(self._times) > self._policy.max_restarts:
            limit = f"{self._policy.max_restarts} in {self._policy.within_ms / 1000:g} s"
            self._scheduler.crash(
                RestartIntensityError(f"{node.node_id} failed, and restarts are limited to {limit}")
            )
            return
        for one in self._family(node):
            one.suspended = True
        self._failed.append(node)
        if self.task is None or self.task.done():
            self.task = self._scheduler.errand(self._restart(), "reflow supervisor")

    def _family(self, node: Node) -> list[Node]:
        nodes = list(self._scheduler.nodes.values())
        if self._policy.strategy == "one_for_all":
            return nodes
        if self._policy.strategy == "rest_for_one":
            return nodes[nodes.index(node) :]
        return [node]

    async def _restart(self) -> None:
        scheduler = self._scheduler
        try:
            while self._failed and not scheduler.over:
                failed = self._failed.pop(0)
                for node in self._family(failed):
                    async with scheduler.renewing:
                        await self._renew(node, failed)
        except Exception as error:  # noqa: BLE001 -- a setup that fails again ends the run
            scheduler.crash(error)
        finally:
            scheduler.rest()

    async def _renew(self, node: Node, failed: Node) -> None:
        if self._scheduler.over or self._scheduler.nodes.get(node.node_id) is not node:
            return  # it is ended elsewhere
        await end(node)
        if not self._scheduler.over:
            await self._begin_anew(node, failed)

    async def _begin_anew(self, node: Node, failed: Node) -> None:
        node.ctx.state.clear()
        actor = type(node.actor)()
        actor.config = node.config
        await begin(node, actor)
        if self._scheduler.recording:
            now = self._scheduler.clock.now()
            self._scheduler.record(Restarted(now, node, failed.node_id, len(self._times)))
        if node.state is ActorState.RUNNING and node not in self._failed:
            node.suspended = False
            node.wake()
