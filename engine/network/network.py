"""The network: a graph, a registry, and what happens when both run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, overload

from engine.clock import SystemClock
from engine.errors import NetworkError
from engine.graph import Graph
from engine.limits import DEFAULT as DEFAULT_LIMITS
from engine.messages import FrozenDict
from engine.network import control
from engine.network.build import build
from engine.network.collector import collector_of, refuse_unread
from engine.network.commits import Committer
from engine.network.entry import Doors, read_inputs, receive
from engine.network.life import halt, record_end, set_up, wind_down
from engine.network.readers import Write, attach, gone, raise_errors
from engine.network.records import NetworkStarted
from engine.network.result import Result, Statistics, result_of, statistics_of
from engine.network.scheduler import Scheduler
from engine.network.shards.parent import Split
from engine.network.solo import Solo
from engine.network.start_at import read_start
from engine.network.subscription import E, Subscription, subscribe
from engine.permissions import NOTHING
from engine.registry import builtin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from engine.actor import Actor
    from engine.breaker import Breakers
    from engine.clock import Clock
    from engine.events import EngineEvent
    from engine.journal import Decision, Journal, JournalRecord
    from engine.limits import Limits
    from engine.messages import Message
    from engine.network.shards.parent import Parent
    from engine.network.start_at import StartAt
    from engine.permissions import Permissions
    from engine.registry import Registry


class Network:
    """Actors in a graph, running on the current event loop.

    ``await network.run(...)`` is the whole life in one call. Step by step: ``async with network``
    or ``start()``, then ``send``, ``results``, ``wait_idle``, ``shutdown``. A network runs once.

    Args:
        registry: the components there are; without it the built-in library.
        permissions: what actors may reach; without it no network, files or environment.
        journal: gets the outputs of every turn before anybody else does.
        resume: what the journal of an earlier attempt of this run holds: it goes on from there.
        breakers: keeps those with a name or of a service; without it they are this run's own.
        decisions: what becomes of firings that are in doubt then, by key.
        run_id: what idempotency keys are made of; a run that is resumed needs its own again.
        seed: turns are taken in an order drawn from it: the same seed, the same order.
    """

    def __init__(
        self,
        *,
        registry: Registry | None = None,
        clock: Clock | None = None,
        permissions: Permissions | None = None,
        limits: Limits | None = None,
        seed: int | None = None,
        journal: Journal | None = None,
        resume: Sequence[JournalRecord] = (),
        decisions: Mapping[str, Decision] = FrozenDict(),
        run_id: str = "",
        breakers: Breakers | None = None,
        graph: Graph | None = None,
    ) -> None:
        self.registry = builtin() if registry is None else registry
        self.graph = Graph("network", case_sensitive=True) if graph is None else graph
        self._strict: set[str] = set()
        self._clock = clock or SystemClock()
        self._scheduler = Scheduler(
            self._clock, limits or DEFAULT_LIMITS, permissions or NOTHING, seed
        )
        if journal is not None:
            self._scheduler.committer = Committer(self._scheduler, journal, decisions)
        self._scheduler.resume = resume
        self._scheduler.run_id = run_id or self._scheduler.run_id
        self._scheduler.shared_breakers = breakers or self._scheduler.breakers
        self._processes: Solo | Parent = Solo(self.graph, self._scheduler)
        self._started_at: float | None = None
        self._doors = Doors(self.graph, self.registry, self._scheduler)
        self._duration = 0.0  # seconds, once it has ended
        self._ended = False
        self.over = False  # it has shut down: no events will come but those that wait to be read
        self._cancelled = False

    @classmethod
    def from_graph(cls, graph: Graph, **options: Any) -> Self:
        """A network of this graph; ``options`` as for the class."""
        return cls(graph=graph, **options)

    # Building.

    def add_node(self, id: str, component: str, config: Mapping[str, Any] | None = None) -> None:  # noqa: A002 -- the domain's word
        """Add a node; unlike a graph document's, each of its settings must be known.

        A running network takes it in at once.

        Raises:
            GraphError: the id is taken; of a running network also: it cannot run.
        """
        self.graph.add_node(id, component, config)
        self._strict.add(id)
        if self._running:
            control.take_in(self._scheduler, self.graph, self.registry, id)

    def add_connection(self, from_node: str, from_port: str, to_node: str, to_port: str) -> None:
        """Connect an outport to an inport; a running network sends over it from now on.

        Raises:
            GraphError: of a running network: the connection is not possible.
        """
        self.graph.add_connection(from_node, from_port, to_node, to_port)
        if self._running:
            control.connect(self._scheduler, self.graph, self.registry)

    def remove_connection(self, from_node: str, from_port: str, to_node: str, to_port: str) -> None:
        """Take a connection out; what has crossed it stays where it is."""
        self.graph.remove_connection(from_node, from_port, to_node, to_port)
        if self._running:
            control.disconnect(self._scheduler, self.graph)

    def remove_node(self, id: str) -> None:  # noqa: A002 -- the domain's word
        """Take a node out with its connections; messages that wait for it are told as lost."""
        self.graph.remove_node(id)
        self._doors.clear()
        if self._running:
            control.disconnect(self._scheduler, self.graph)
            control.dismiss(self._scheduler, id)

    async def swap(
        self, node: str, component: str | type[Actor], config: Mapping[str, Any] | None = None
    ) -> None:
        """Put another actor into a node of a running network; its state and mailboxes stay.

        The firing under way finishes first; a generator under way is closed.

        Args:
            config: the new settings; without it the node's own metadata.

        Raises:
            GraphError: there is no such node or component, or a connected port would be missing.
        """
        self._check_running()
        self._doors.clear()
        actor_class = control.actor_class_of(self.registry, component, node)
        await control.swap(self._scheduler, self.graph, node, actor_class, config)

    def hold(self, connection: str) -> None:
        """Let nothing more cross a connection, named by its id, such as ``a.out -> b.in``.

        Its sender waits, like for a full receiver, until ``release``.
        """
        control.hold(self._scheduler, connection)

    def release(self, connection: str) -> None:
        control.release(self._scheduler, connection)

    def add_initial(self, node: str, port: str, value: Any) -> None:
        """Give an inport a packet: any JSON value, or a tagged message.

        It is laid in before the first turn; a running network gets it at once, without waiting
        for room.

        Raises:
            GraphError: it cannot be a message; of a running network also: there is no such port.
        """
        self.graph.add_initial(node, port, value)
        if self._running:
            control.lay_in(self._scheduler, self.graph, self.registry)

    def add_inport(self, name: str, node: str, port: str) -> None:
        self.graph.add_inport(name, node, port)

    def add_outport(self, name: str, node: str, port: str) -> None:
        self.graph.add_outport(name, node, port)

    # Running.

    async def run(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        on_event: Callable[[EngineEvent], None] | None = None,
        write: Write | None = None,
        linger: float = 0.0,
        trigger: Message = None,
        start_at: StartAt | None = None,
        processes: int = 1,
        shards: Mapping[str, int] | None = None,
        measured: Statistics | None = None,
    ) -> Result:
        """Start, give the inputs, wait until all work is done, shut down.

        Args:
            inputs: {graph inport: JSON value or tagged message}.
            on_event: called with each event, in order.
            write: awaited with batches of events, in order; the network waits when it is behind.
                If it raises, the run does.
            linger: seconds before the first batch and between two; not before the last, of the end.
            trigger: what trigger actors are given.
            start_at: {node: {inport: message}} for one firing of each, in place of packets,
                sources, triggers and inputs. In one process only.
            processes: that share the nodes, this one among them. Actor classes must stand at the
                top of a module. Nothing is changed, held or sent from outside while it runs.
            shards: the process of some nodes, from 0, which is this one; the rest is chosen.
            measured: the statistics of an earlier run, to choose by.

        Raises:
            GraphError: the graph cannot run, or not in several processes; nothing was started.
            InputError: an input fits no inport.
        """
        messages = read_inputs(self.graph, self.registry, inputs or {})
        if start_at is not None:
            self._scheduler.start_at = read_start(self.graph, self.registry, start_at)
        readers = attach(self._scheduler, on_event, write, linger)
        try:
            split = Split(processes, shards, measured) if processes > 1 else None
            await self._start(messages, trigger, split)
            await self._processes.settled()
            await self._processes.drain()
        except asyncio.CancelledError:  # whoever cancels does not want to wait for firings
            self.cancel()
            raise
        finally:
            await self.shutdown()
            await gone(readers)
        raise_errors(readers)
        return self.result()

    async def start(self) -> None:
        """Make the actors, run every ``setup``, and begin.

        Raises:
            GraphError: the graph cannot run; nothing was started.
            NetworkError: it was started before.
        """
        await self._start({}, None)

    async def _start(
        self, inputs: Mapping[str, Message], trigger: Message, split: Split | None = None
    ) -> None:
        if self._started_at is not None or self._ended:
            raise NetworkError("a network runs once; make a new one for another run")
        scheduler = self._scheduler
        if scheduler.stopping:  # cancelled before it began
            return
        build(self.graph, self.registry, scheduler, self._strict)
        if split is not None:
            self._processes = split.of(self.graph, self.registry, scheduler)
        self._started_at = self._clock.monotonic()
        if scheduler.recording:
            now, connections = self._clock.now(), len(self.graph.connections)
            scheduler.record(NetworkStarted(now, len(self.graph.nodes), connections))
        await self._processes.open()
        if await set_up(scheduler):
            await self._processes.begin(inputs, trigger)

    async def send(self, inport: str, value: Any) -> None:
        """Give a message to a graph inport; waits while it has no room.

        Raises:
            InputError: there is no such inport, or the value does not fit it.
            NetworkError: the network is not running.
        """
        self._check_running()
        mailbox, message = self._doors.enter(inport, value)
        while len(mailbox.queue) >= mailbox.bound:
            room = asyncio.Event()
            mailbox.park(room.set)
            await room.wait()
            self._check_running()
            if self._scheduler.nodes.get(mailbox.node.node_id) is not mailbox.node:
                raise NetworkError(f"the node {mailbox.node.node_id!r} has ended")
        receive(self._scheduler, mailbox, [message])

    @property
    def _running(self) -> bool:
        running = self._started_at is not None and not (self._ended or self._cancelled)
        if running:
            control.check_whole(self._scheduler)
        return running

    def _check_running(self) -> None:
        if not self._running:
            raise NetworkError("the network is not running")
        if self._scheduler.failure is not None:
            raise self._scheduler.failure

    async def results(self, outport: str) -> AsyncIterator[Message]:
        """The messages of a graph outport as they come, until shutdown.

        From the first call on, its producers wait for the reader when it is far behind.
        """
        control.check_whole(self._scheduler)
        async for message in collector_of(self._scheduler, outport):
            yield message

    async def wait_idle(self) -> None:
        """Wait until nothing can run, nothing is in flight and no source is open.

        Raises:
            NetworkError: an unread ``results()`` holds the network up.
            EngineError: what ended the run from inside, such as BackpressureDeadlock.
        """
        await self._scheduler.quiet.wait()
        scheduler = self._scheduler
        if scheduler.failure is not None:
            raise scheduler.failure
        refuse_unread(scheduler)

    def pause(self) -> None:
        """Let the firings that are under way finish, and begin no others."""
        self._pause(paused=True)

    @property
    def at_rest(self) -> bool:
        """Whether it is paused and nothing is under way any more; always False in processes."""
        scheduler = self._scheduler
        quiet = scheduler.in_flight == scheduler.held_up and scheduler.overseer is None
        return scheduler.paused and quiet

    def resume(self) -> None:
        self._pause(paused=False)

    def _pause(self, *, paused: bool) -> None:
        self._scheduler.paused = paused
        self._scheduler.settle()
        self._processes.pause(paused=paused)

    def cancel(self) -> None:
        """Stop at once: tasks are cancelled, nothing more fires, ``run`` returns ``cancelled``."""
        halt(self._scheduler)
        self._processes.stop(at_once=True)
        if not self._ended:
            self._cancelled = True

    @overload
    def subscribe(self, *, lossless: bool = False) -> Subscription[EngineEvent]: ...
    @overload
    def subscribe(self, types: Iterable[type[E]], *, lossless: bool = False) -> Subscription[E]: ...
    def subscribe(
        self, types: Iterable[type[Any]] | None = None, *, lossless: bool = False
    ) -> Subscription[Any]:
        """Listen from now on: to all events, or to those of some types."""
        return subscribe(self._scheduler, types, lossless=lossless)

    def statistics(self) -> Statistics:
        """Counters of every connection and every inport, at any time."""
        return statistics_of(self._scheduler, self._started_at)

    async def shutdown(self) -> None:
        """Let each firing finish, run every ``teardown`` once, leave nothing behind."""
        if self._ended:
            return
        self._ended = True
        scheduler = self._scheduler
        scheduler.stopping = True
        if self._started_at is not None:
            self._duration = self._clock.monotonic() - self._started_at
            scheduler.settle()
            try:
                self._processes.stop(at_once=scheduler.failure is not None)
                await wind_down(scheduler)
            finally:
                await self._processes.close()
            record_end(scheduler)
        self.over = True
        for subscription in scheduler.subscriptions:
            subscription.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is asyncio.CancelledError:
            self.cancel()
        await self.shutdown()

    def result(self) -> Result:
        """What there is so far; after ``shutdown`` the whole."""
        return result_of(
            self._scheduler,
            self.graph.properties,
            cancelled=self._cancelled,
            duration_ms=self._duration * 1000,
        )
