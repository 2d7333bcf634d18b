"""The parent's part in a run of several processes: it starts them, and knows when all is over."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.clock import SystemClock
from engine.errors import BackpressureDeadlock, EngineError, NetworkError
from engine.graph.topology import topological_order
from engine.network.records import Idle
from engine.network.shards import frames
from engine.network.shards.actors import paths_of, script
from engine.network.shards.census import Census
from engine.network.shards.coding import Coder
from engine.network.shards.counters import take_over
from engine.network.shards.family import Family
from engine.network.shards.partition import partition
from engine.network.shards.shard import Shard
from engine.network.shards.tap import weight_of
from engine.network.solo import Solo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.graph import Graph
    from engine.messages import Message
    from engine.network.result import Statistics
    from engine.network.scheduler import Scheduler
    from engine.network.shards.frames import Frame
    from engine.registry import Registry

PARENT = 0
AT_ONCE_S = 2.0  # a process that is to end at once and has not by then is killed
SHOWN = 5  # nodes that an error names


class ShardLostError(EngineError):
    """A process that ran a part of the network has ended before its time."""

    code = "shard_lost"


class ShardBrokenError(EngineError):
    """A part of the network has failed in its process; ``code`` is that of the error there."""

    def __init__(self, error: str, code: str) -> None:
        self.code = code
        super().__init__(error)


@dataclass(frozen=True, slots=True)
class Split:
    """How a run is to be spread over processes; see ``Network.run``."""

    processes: int
    shards: Mapping[str, int] | None = None
    measured: Statistics | None = None

    def of(self, graph: Graph, registry: Registry, scheduler: Scheduler) -> Parent | Solo:
        """Who leads a run whose scheduler has been built.

        Raises:
            GraphError: the nodes cannot be spread like that; nothing was started.
            NetworkError: the network has something that only one process can have.
        """
        _check_single(scheduler)
        components = paths_of(graph, registry)
        owners = partition(graph, self.processes, self.shards, self.measured)
        if not any(owners.values()):
            return Solo(graph, scheduler)
        return Parent(graph, scheduler, owners, components)


def _check_single(scheduler: Scheduler) -> None:
    """Refuse what several processes could not share.

    Raises:
        NetworkError: naming it.
    """
    single = {
        "clock": not isinstance(scheduler.clock, SystemClock),
        "seed": scheduler.shuffled,
        "set of breakers": scheduler.shared_breakers is not scheduler.breakers,
        "journal": scheduler.committer is not None or bool(scheduler.resume),
    }
    found = [name for name, there in single.items() if there]
    if found:
        raise NetworkError(f"a network with a {found[0]} of its own runs in one process only")


class Parent:
    """The processes of one run, seen from the first of them.

    Args:
        scheduler: of this process, with the whole graph built.
        owners: the process of each node, counted from 0, which is this one.
        components: the dotted path of each.
    """

    def __init__(
        self,
        graph: Graph,
        scheduler: Scheduler,
        owners: Mapping[str, int],
        components: Mapping[str, str],
    ) -> None:
        self._graph = graph
        self._scheduler = scheduler
        self._owners = owners
        self._components = components
        self._count = 1 + max(owners.values())
        coder = Coder()
        self._census = Census(self._count)
        self._family = Family(coder, self._receive, self._ended)
        self._shard = Shard(PARENT, owners, scheduler, coder, self._rested)
        self._ready: set[int] = set()
        self._all_ready = asyncio.Event()
        self._ends: dict[int, frames.Over] = {}
        self._idle = False  # and that has been told
        self._stuck: tuple[str, ...] = ()  # full ports, when all was stuck last
        self._owed: Counter[int] = Counter()  # room for records, by process
        self._paying: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    # The beginning.

    async def open(self) -> None:
        """Start the other processes, and tell each its part."""
        await self._family.start(self._count)
        self._shard.channels.update(self._family.channels)
        for index, channel in self._family.channels.items():
            channel.send(self._plan(index))

    def _plan(self, index: int) -> frames.Plan:
        scheduler = self._scheduler
        return frames.Plan(
            index=index,
            owners=dict(self._owners),
            graph=self._graph,
            components=dict(self._components),
            script=script(),
            argv=sys.argv,
            limits=scheduler.limits,
            permissions=scheduler.permissions,
            run_id=scheduler.run_id,
            recording=scheduler.recording,
            types=_types([item.types for item in scheduler.subscriptions]),
        )

    async def begin(self, inputs: Mapping[str, Message], trigger: Message) -> None:
        """Once all are ready, lay in what is for each, and run."""
        await self._all_ready.wait()
        scheduler = self._scheduler
        if scheduler.failure is None and not scheduler.stopping:
            self._family.tell(frames.Go(dict(inputs), trigger))
            self._shard.begin(self._graph, inputs, trigger)

    # While it runs.

    def pause(self, *, paused: bool) -> None:
        self._family.tell(frames.Pause(paused))

    async def settled(self) -> None:
        """Wait until all work is done, here and in the other processes."""
        await self._scheduler.quiet.wait()

    async def drain(self) -> None:
        """Let the actors of all processes send what they hold back, each after all before it."""
        scheduler, shard = self._scheduler, self._shard
        for name in topological_order(self._graph):
            if scheduler.failure is not None or scheduler.stopping:
                return
            node = shard.nodes.get(name)  # none: refused as the network runs, but in its graph
            if node is not None and hasattr(node.actor, "drain"):
                scheduler.quiet.clear()
                self._census.forget(PARENT)
                owner = self._owners[name]
                if owner == PARENT:
                    self._drained(worked=shard.drain(name))
                else:
                    shard.order(owner, frames.Drain(name))
                await scheduler.quiet.wait()

    def _drained(self, *, worked: bool) -> None:
        self._idle = self._idle and not worked

    def _rested(self, rest: frames.Rest) -> None:
        """A process has nothing to do. If that is so of all, the run is idle, or stuck."""
        self._census.hear(rest)
        if not self._census.at_rest:
            return
        full = self._census.full
        if full:
            self._grow(full)
            return
        if not self._idle:
            self._idle = True
            if self._scheduler.recording:
                self._scheduler.record(Idle(self._scheduler.clock.now()))
        self._scheduler.quiet.set()

    def _grow(self, full: Mapping[tuple[str, str], int]) -> None:
        """Parks' rule: the smallest full port of all processes is enlarged."""
        self._stuck = tuple(f"{node}.{port}" for node, port in full)
        node, port = min(full, key=lambda where: full[where])
        self._census.forget(PARENT)
        owner = self._owners[node]
        if owner != PARENT:
            self._shard.order(owner, frames.Grow(node, port))
            return
        self._shard.grow(node, port)
        if isinstance(self._scheduler.failure, BackpressureDeadlock):
            self._scheduler.failure = BackpressureDeadlock(self._stuck)

    def _receive(self, index: int, frame: Frame) -> None:
        try:
            self._do(index, frame)
        except Exception as error:  # noqa: BLE001 -- the engine's own: the run must end with it
            self._crash(error)

    def _do(self, index: int, frame: Frame) -> None:
        match frame:
            case frames.Traffic():
                self._shard.receive(index, frame)
            case frames.Records(records):
                self._take_records(index, records)
            case frames.Rest():
                self._rested(frame)
            case frames.Drained(worked):
                self._drained(worked=worked)
            case frames.Ready():
                self._ready.add(index)
                if len(self._ready) == self._count - 1:
                    self._all_ready.set()
            case frames.Broken(error, code):
                deadlock = code == BackpressureDeadlock.code
                self._crash(
                    BackpressureDeadlock(self._stuck) if deadlock else ShardBrokenError(error, code)
                )
            case frames.Over():
                self._ends[index] = frame
                self._family.channels[index].close()
            case _:
                raise AssertionError(f"a parent is not told {type(frame).__name__}")

    def _crash(self, error: BaseException) -> None:
        self._scheduler.crash(error)
        self._all_ready.set()

    def _ended(self, index: int, code: int | None) -> None:
        """A process is gone; without its last word the run has failed."""
        if index in self._ends:
            return
        nodes = [name for name, owner in self._owners.items() if owner == index]
        shown = ", ".join(nodes[:SHOWN])
        more = f" and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
        how = "ended" if code is None else f"ended with code {code}"
        if code is not None and code < 0:
            how = f"was ended by signal {-code}"
        self._crash(ShardLostError(f"the process of {shown}{more} {how}"))

    # Events.

    def _take_records(self, index: int, records: list[Any]) -> None:
        scheduler = self._scheduler
        for record in records:
            scheduler.record(record)
        scheduler.throttle()
        self._owed[index] += weight_of(records)
        if self._paying is None or self._paying.done():
            self._paying = asyncio.create_task(self._pay(), name="reflow events of processes")

    async def _pay(self) -> None:
        """Make room for more events, once the readers here keep up."""
        while self._owed:
            await self._scheduler.may_go_on()
            owed, self._owed = self._owed, Counter()
            for index, room in owed.items():
                self._family.channels[index].send(frames.Room(room))

    # The end.

    def stop(self, *, at_once: bool) -> None:
        """Have the other processes end: after the firings under way, or at once."""
        self._all_ready.set()
        self._family.tell(frames.Stop(at_once))
        if at_once and self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(AT_ONCE_S, self._family.kill)

    async def close(self) -> None:
        """Wait for the other processes to end, and take over what they have counted."""
        try:
            await self._family.gone()
        finally:
            if self._deadline is not None:
                self._deadline.cancel()
            if self._paying is not None:
                self._paying.cancel()
            take_over(self._shard, self._ends.values())


def _types(wanted: list[frozenset[type] | None]) -> frozenset[type] | None:
    known = [types for types in wanted if types is not None]
    return frozenset().union(*known) if len(known) == len(wanted) else None
