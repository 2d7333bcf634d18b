"""A node at run time: an actor with its mailboxes, and how its output leaves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from engine.actor import Actor, Context
from engine.errors import ActorError
from engine.idempotency import Keys
from engine.lifecycle import ActorState, check_move
from engine.messages import ErrorValue, Message
from engine.network.mailbox import EMPTY, Inport, Link, Outport
from engine.network.node_log import NodeLog
from engine.network.records import Moved, Sent
from engine.network.sizes import estimate_size

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping

    from engine.behaviour import Style
    from engine.http import HttpClient
    from engine.network.collector import Collector
    from engine.network.scheduler import Scheduler
    from engine.network.workers import Crew
    from engine.permissions import Permissions
    from engine.policy import NodePolicy
    from engine.ports import Port

TURN = 256  # firings of one turn, to begin with; more dicts at once only leave the cache
LONG_TURN = 1024  # of the styles that make no dict a firing


class Node:
    """One actor in a running network. Owned by the scheduler's event loop."""

    __slots__ = (
        "abandoned",
        "actor",
        "adapts",
        "blocked",
        "collectors",
        "committing",
        "component",
        "config",
        "connected_outports",
        "crew",
        "ctx",
        "error_port",
        "failed",
        "fired",
        "generator",
        "has_pending",
        "holds",
        "in_doubt",
        "inports",
        "input_links",
        "joins",
        "keys",
        "kick",
        "longest",
        "most",
        "node_id",
        "only_outport",
        "outports",
        "policy",
        "queued",
        "rotation",
        "scheduler",
        "since",
        "solo",
        "state",
        "step",
        "style",
        "suspended",
        "targets",
        "turn_ports",
        "uncommitted",
        "wire",
    )

    def __init__(
        self, node_id: str, actor: Actor, scheduler: Scheduler, policy: NodePolicy | None = None
    ) -> None:
        self.node_id = node_id
        self.component = actor.component
        self.actor = actor
        self.config = actor.config
        self.style: Style | None = None
        self.policy = policy.of_failures if policy else None
        self.in_doubt = policy.in_doubt if policy else None  # as the node itself says
        self.scheduler = scheduler
        self.state = ActorState.CREATED
        bound = scheduler.limits.message_buffer_size
        self.inports = {port.name: Inport(self, port.name, bound) for port in actor.inports}
        self.outports = {port.name: Outport(port.name) for port in actor.outports_for(actor.config)}
        self.joins: tuple[Inport, ...] = ()  # those that a firing takes one message from, each
        self.solo: Inport | None = None  # the only inport, of an actor that is no join
        self.targets: tuple[Inport, ...] = ()
        self.collectors: tuple[Collector, ...] = ()
        self.committing = 0  # entries that the journal does not have yet
        self.uncommitted: list[Callable[[], None]] = EMPTY  # who waits for that
        self.turn_ports: tuple[str, ...] = ()  # what the turn under way has taken from
        self.holds: list[Link] = []  # its connections that are held
        self.has_pending = False  # an outport holds messages that found no room
        self.connected_outports: frozenset[str] = frozenset()
        self.only_outport: str | None = None
        self.wire: Link | None = None  # the only link of the only outport: the common case
        self.error_port = error_port_of(tuple(self.outports), actor.outports)
        self.input_links: list[str] = []  # ids of the connections into it
        self.ctx = Context(self, {})
        self.step: Callable[[Node, int], None] | None = None  # of a sync actor
        self.crew: Crew | None = None  # of an async or blocking one
        self.generator: Iterator[Any] | None = None  # pulled before anything new is taken
        self.since = 0.0  # when the generator began, monotonic
        self.kick: dict[str, Message] | None = None  # the inputs of a source's one firing at start
        self.most = TURN  # firings of one turn
        self.longest = LONG_TURN  # what it may become
        self.adapts = not scheduler.shuffled  # to the time they take; with a seed, order counts
        self.queued = False  # in the ready queue
        self.blocked = False  # waits for room
        self.suspended = False  # is being restarted, swapped or taken out: nothing fires
        self.rotation = 0
        self.fired = 0
        self.failed = 0
        self.keys: Keys | None = None  # idempotency keys, once somebody wants one
        self.abandoned = 0  # messages taken and not fired when the run stopped

    # What the actor's contexts see.

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        return NodeLog(self)

    @property
    def http(self) -> HttpClient:
        return self.scheduler.shared.http

    @property
    def permissions(self) -> Permissions:
        return self.scheduler.permissions

    @property
    def max_emit(self) -> int:
        return self.scheduler.limits.max_emit

    def idempotency_key(self, inputs: Mapping[str, Message]) -> str:
        return self.own_keys().next(inputs)

    def own_keys(self) -> Keys:
        if self.keys is None:
            self.keys = Keys(self.scheduler.run_id, self.node_id)
        return self.keys

    async def sleep(self, seconds: float) -> None:
        await self.scheduler.clock.sleep(seconds)

    async def send_now(self, port: str, message: Message) -> None:
        if self.crew is None:
            raise ActorError(f"{self.node_id}: send() is for async actors; use emit()")
        await self.crew.send_now(port, message)

    # Life.

    def move(self, to: ActorState) -> None:
        old, self.state = self.state, check_move(self.state, to)
        if self.scheduler.recording:
            self.scheduler.record(Moved(self.scheduler.clock.now(), self, old, to))

    def link_up(self) -> None:
        """Settle what depends on the connections, once all are made."""
        outports = self.outports.values()
        links = [link for outport in outports for link in outport.links]
        self.targets = tuple(link.inport for link in links)
        self.collectors = tuple(item for outport in outports for item in outport.collectors)
        self.connected_outports = frozenset(out.name for out in outports if out.connected)
        self.only_outport = next(iter(self.outports)) if len(self.outports) == 1 else None
        lone = self.only_outport is not None and len(links) == 1 and not self.collectors
        self.wire = links[0] if lone else None
        self.solo, self.joins = None, EMPTY
        if self.actor.await_all_inports:
            self.joins = tuple(inport for inport in self.inports.values() if inport.fed)
        elif len(self.inports) == 1:
            (self.solo,) = self.inports.values()

    def wake(self) -> None:
        """There may be something to do: run, or send the crew."""
        if self.suspended:
            return
        if self.crew is not None:
            self.crew.wake()
        elif not self.queued and not self.blocked:
            self.queued = True
            self.scheduler.make_ready(self)

    # Input.

    @property
    def ready_count(self) -> int:
        """How many firings the mailboxes allow now."""
        if self.solo is not None and self.kick is None:
            return len(self.solo.queue)
        if self.kick is not None:
            return 1
        if self.actor.await_all_inports:
            return min((len(inport.queue) for inport in self.joins), default=0)
        return sum(len(inport.queue) for inport in self.inports.values())

    @property
    def has_work(self) -> bool:
        """Whether it would go on if it were let."""
        return self.has_pending or self.generator is not None or self.ready_count > 0

    def take(self, most: int) -> list[dict[str, Message]]:
        """The inputs of the next firings, at most so many, each as {port: message}."""
        if self.kick is not None:
            inputs, self.kick = self.kick, None
            self.turn_ports = ()
            return [inputs]
        if self.actor.await_all_inports:
            count = min(most, *(len(inport.queue) for inport in self.joins))
            self.turn_ports = names = tuple(inport.name for inport in self.joins)
            columns = [inport.take(count) for inport in self.joins]
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        name, messages = self.take_port(most)
        return [{name: message} for message in messages]

    def take_port(self, most: int) -> tuple[str, list[Message]]:
        """Messages of the next inport that has any, in rotation so that none starves."""
        if self.solo is not None:
            self.turn_ports = (self.solo.name,)
            return self.solo.name, self.solo.take(most)
        ports = tuple(self.inports.values())
        for turn in range(len(ports)):
            inport = ports[(self.rotation + turn) % len(ports)]
            if inport.queue:
                self.rotation += turn + 1
                self.turn_ports = (inport.name,)
                return inport.name, inport.take(most)
        return "", []

    # Output.

    def credit(self) -> int:
        """How many firings every receiver has room for."""
        if self.holds or self.committing:
            return 0
        credit = self.most
        for inport in self.targets:
            room = inport.bound - len(inport.queue)
            credit = min(credit, room)
        for collector in self.collectors:
            credit = min(credit, collector.room)
        return credit

    def park(self, resume: Callable[[], None]) -> None:
        """Have ``resume`` called when a receiver that is full now has room."""
        if self.committing:
            self.uncommitted = [*self.uncommitted, resume]
            return
        if self.holds:
            self.holds[0].writers = [*self.holds[0].writers, resume]
            return
        for inport in self.targets:
            if len(inport.queue) >= inport.bound:
                inport.park(resume)
                return
        for collector in self.collectors:
            if collector.room <= 0:
                collector.park(resume)
                return
        resume()

    def release_committed(self) -> None:
        """The journal has all of it: whoever waited for that goes on."""
        if not self.committing:
            waiting, self.uncommitted = self.uncommitted, EMPTY
            for resume in waiting:
                resume()
            self.wake()

    def resume(self) -> None:
        """There is room again (a sync actor)."""
        self.blocked = False
        self.wake()

    def flush(self) -> bool:
        """Deliver what found no room before; True if all of it is gone."""
        if not self.has_pending:
            return True
        self.has_pending = False
        for outport in self.outports.values():
            if outport.pending:
                pending, outport.pending = outport.pending, EMPTY
                self.deliver(outport, pending)
        return not self.has_pending

    # What a finished turn needs.

    @property
    def input_connections(self) -> tuple[str, ...]:
        return tuple(self.input_links)

    @property
    def error_connections(self) -> tuple[str, ...]:
        if self.error_port is None:
            return ()
        return tuple(link.connection_id for link in self.outports[self.error_port].links)

    def send(self, outputs: Mapping[str, list[Message]]) -> None:
        """Deliver to every receiver, in order; what has no room stays pending."""
        if self.scheduler.committer is None:
            self.dispatch(outputs)
        else:
            self.scheduler.committer.add(self, {}, outputs)

    def dispatch(self, outputs: Mapping[str, list[Message]]) -> None:
        """Deliver at once: there is no journal, or it has them."""
        name = self.only_outport
        if self.wire is not None and not self.has_pending and name is not None and name in outputs:
            messages = outputs[name]
            inport = self.wire.inport
            if inport.bound - len(inport.queue) >= len(messages) and not self.wire.held:
                now = self.scheduler.clock.now() if self.scheduler.recording else 0.0
                self._put(self.wire, messages, now)
                return
        for name, messages in outputs.items():
            outport = self.outports[name]
            if outport.connected:
                if outport.pending:
                    outport.pending.extend(messages)
                else:
                    self.deliver(outport, messages)
            elif name == self.error_port:
                self.refuse_errors(messages)

    def refuse_errors(self, messages: list[Message]) -> None:
        """Nobody listens to the error port: what was sent there is a failure."""
        self.failed += len(messages)
        for message in messages:
            given = {str(self.error_port): message}
            self.scheduler.dead_letter(self, given, _text(message), "error_unconnected")

    def deliver(self, outport: Outport, messages: list[Message]) -> None:
        room = len(messages)
        if self.scheduler.committer is not None:
            # All of it, in the order of the journal: credit was looked at before the firing.
            room = 0 if any(link.held for link in outport.links) else room
        else:
            room = self._room_for(outport, room)
        if room < len(messages):
            room = max(room, 0)
            messages, outport.pending = messages[:room], messages[room:]
            self.has_pending = True
            if not room:
                return
        now = self.scheduler.clock.now() if self.scheduler.recording else 0.0
        for link in outport.links:
            self._put(link, messages, now)
        for collector in outport.collectors:
            collector.put(messages)

    @staticmethod
    def _room_for(outport: Outport, room: int) -> int:
        for link in outport.links:
            room = 0 if link.held else min(room, link.inport.bound - len(link.inport.queue))
        for collector in outport.collectors:
            room = min(room, max(collector.room, 0))
        return room

    def _put(self, link: Link, messages: list[Message], now: float) -> None:
        if not messages:  # every firing of the turn has failed, or was known from a journal
            return
        link.messages += len(messages)
        link.bytes += estimate_size(messages[0]) * len(messages)
        if self.scheduler.recording:
            self.scheduler.record(Sent(now, link, messages))
        if self.scheduler.meter is not None:
            self.scheduler.meter.count(link, messages)
        link.inport.put(messages)


@cache
def error_port_of(names: tuple[str, ...], ports: tuple[Port, ...]) -> str | None:
    """The outport for errors: the one of type ``error``, or the one of that name."""
    typed = (port.name for port in ports if port.type == "error")
    return next(typed, "error" if "error" in names else None)


def _text(message: Message) -> str:
    return message.message if isinstance(message, ErrorValue) else str(message)
