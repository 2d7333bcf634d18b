"""A child's part in a run: what it does with what it is told."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from engine.clock import SystemClock
from engine.errors import EngineError, describe
from engine.network.build import build
from engine.network.life import halt, set_up, wind_down
from engine.network.scheduler import Scheduler
from engine.network.shards import frames
from engine.network.shards.actors import registry_of
from engine.network.shards.counters import tell
from engine.network.shards.shard import Shard
from engine.network.shards.tap import Tap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.network.shards.channel import Channel
    from engine.network.shards.coding import Coder
    from engine.network.shards.frames import Frame

PARENT = 0


class Member:
    """One part of a network, in a process of its own."""

    def __init__(self, coder: Coder, channels: Mapping[int, Channel]) -> None:
        self.hurried = False  # it was to end at once
        self._coder = coder
        self._channels = channels
        self._planned = asyncio.Event()
        self._stopped = asyncio.Event()
        self._plan: frames.Plan | None = None
        self._shard: Shard | None = None
        self._tap: Tap | None = None

    async def live(self) -> None:
        """Wait for the plan and carry it out, until the parent says stop."""
        await self._planned.wait()
        if self._plan is None:  # the parent is gone
            return
        try:
            shard = self._make(self._plan)
            watch = asyncio.create_task(self._tell_failure(shard.scheduler))
            if not self._stopped.is_set() and await set_up(shard.scheduler):
                self._send(frames.Ready())
            await self._stopped.wait()
            watch.cancel()
            await self._end(shard)
        except Exception as error:  # noqa: BLE001 -- the boundary around a run
            self._broken(error)

    def _make(self, plan: frames.Plan) -> Shard:
        scheduler = Scheduler(SystemClock(), plan.limits, plan.permissions)
        scheduler.run_id = plan.run_id
        sys.argv[:] = plan.argv
        registry = registry_of(plan.components, plan.script)
        build(plan.graph, registry, scheduler, strict=())
        shard = Shard(plan.index, plan.owners, scheduler, self._coder, self._rested)
        shard.channels.update(self._channels)
        if plan.recording:
            self._tap = Tap(
                plan.types, on_room=scheduler.settle_if_held, channel=self._channels[PARENT]
            )
            scheduler.subscriptions.append(self._tap)
            scheduler.recording = True
        self._shard = shard
        return shard

    async def _tell_failure(self, scheduler: Scheduler) -> None:
        await scheduler.quiet.wait()  # here nothing else sets it
        if scheduler.failure is not None:
            self._broken(scheduler.failure)

    async def _end(self, shard: Shard) -> None:
        scheduler = shard.scheduler
        if not scheduler.stopping:
            scheduler.stopping = True
            scheduler.settle()
        await wind_down(scheduler)
        if self._tap is not None:
            self._tap.finish()
        self._send(tell(shard))

    # From the others.

    def receive(self, peer: int, frame: Frame) -> None:
        """Do what a frame says; an error in it ends the run."""
        try:
            if self._shard is None:
                self._prepare(frame)
            else:
                self._do(self._shard, peer, frame)
        except Exception as error:  # noqa: BLE001 -- the engine's own: the run must end with it
            self._broken(error)

    def lost(self, peer: int) -> None:
        """The parent is gone: end at once. Of another child's end the parent hears itself."""
        if peer == PARENT:
            self.receive(PARENT, frames.Stop(at_once=True))
            self._planned.set()

    def _prepare(self, frame: Frame) -> None:
        if isinstance(frame, frames.Plan):
            self._plan = frame
            self._planned.set()
        elif isinstance(frame, frames.Stop):
            self.hurried = frame.at_once
            self._stopped.set()

    def _do(self, shard: Shard, peer: int, frame: Frame) -> None:
        match frame:
            case frames.Traffic():
                shard.receive(peer, frame)
            case frames.Room(records):
                if self._tap is not None:
                    self._tap.granted(records)
                    shard.look_again()
            case frames.Go(inputs, trigger):
                assert self._plan is not None  # noqa: S101 -- there is no shard without it
                shard.begin(self._plan.graph, inputs, trigger)
            case frames.Grow(node, port):
                shard.ordered(peer)
                shard.grow(node, port)
            case frames.Drain(node):
                shard.ordered(peer)
                self._send(frames.Drained(shard.drain(node)))
            case frames.Pause(paused):
                shard.scheduler.paused = paused
                shard.scheduler.settle()
            case frames.Stop(at_once):
                if at_once:
                    self.hurried = True
                    halt(shard.scheduler)
                self._stopped.set()
            case _:
                raise AssertionError(f"a child is not told {type(frame).__name__}")

    # To the parent.

    def _send(self, frame: Frame) -> None:
        self._channels[PARENT].send(frame)

    def _rested(self, rest: frames.Rest) -> None:
        """Say so once all that happened before has been told; else ``Room`` brings it up again."""
        if self._tap is None or self._tap.forward():
            self._send(rest)

    def _broken(self, error: BaseException) -> None:
        code = error.code if isinstance(error, EngineError) else "engine_error"
        self._send(frames.Broken(describe(error), code))
