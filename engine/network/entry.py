"""What enters a network from outside: initial packets, inputs, the trigger's request."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.codec import from_wire
from engine.errors import CodecError, InputError, MessageError, Problem, nearest
from engine.graph import resolve_port
from engine.json_writing import wrong_scalar
from engine.network.records import Received
from engine.network.replay import replay
from engine.ports import accepts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.graph import Graph
    from engine.messages import Message
    from engine.network.mailbox import Inport
    from engine.network.scheduler import Scheduler
    from engine.registry import Registry


SCALARS = frozenset({bool, int, float, str, bytes})  # the same as JSON, as message and as tagged


def read_inputs(graph: Graph, registry: Registry, inputs: Mapping[str, Any]) -> dict[str, Message]:
    """The messages for graph inports, from JSON values or tagged messages.

    Raises:
        InputError: with a problem for each name that is no inport and each value that does not fit.
    """
    messages: dict[str, Message] = {}
    problems: list[Problem] = []
    for name, value in inputs.items():
        problem, message = _read(graph, registry, name, value)
        if problem is None:
            messages[name] = message
        else:
            problems.append(problem)
    if problems:
        raise InputError(problems)
    return messages


class Doors:
    """Where messages may enter a running network; the way of a scalar is looked up only once."""

    __slots__ = ("_graph", "_known", "_registry", "_scheduler")

    def __init__(self, graph: Graph, registry: Registry, scheduler: Scheduler) -> None:
        self._graph = graph
        self._registry = registry
        self._scheduler = scheduler
        self._known: dict[tuple[str, type], Inport] = {}  # a scalar of this type may enter here

    def enter(self, inport: str, value: Any) -> tuple[Inport, Message]:
        """The mailbox behind a graph inport, and the message for it.

        Raises:
            InputError: there is no such inport, or the value does not fit it.
        """
        mailbox = self._known.get((inport, type(value)))
        if mailbox is not None and not wrong_scalar(value):
            return mailbox, value
        (message,) = read_inputs(self._graph, self._registry, {inport: value}).values()
        exposed = self._graph.inports[inport]
        mailbox = inport_of(self._graph, self._scheduler, exposed.node, exposed.port)
        if type(value) in SCALARS:
            self._known[inport, type(value)] = mailbox
        return mailbox, message

    def clear(self) -> None:
        """The graph has changed."""
        self._known.clear()


def _read(
    graph: Graph, registry: Registry, name: str, value: Any
) -> tuple[Problem | None, Message]:
    where = f"input {name!r}"
    exposed = graph.inports.get(name)
    if exposed is None:
        hint = nearest(name, graph.inports)
        return Problem(where, "the graph has no such inport", "unknown_inport", hint=hint), None
    try:
        message = from_wire(value)
    except (CodecError, MessageError) as error:
        return Problem(where, str(error), "message_invalid", exposed.node, exposed.port), None
    node = graph.nodes.get(exposed.node)
    actor = registry.get(node.component) if node else None
    port = (
        resolve_port(actor.inports, exposed.port, case_sensitive=graph.case_sensitive)
        if actor
        else None
    )
    if port is not None and not accepts(port, message):
        text = f"{type(message).__name__} does not fit a port of type {port.type}"
        return Problem(where, text, "type_mismatch", exposed.node, exposed.port), None
    return None, message


def inport_of(graph: Graph, scheduler: Scheduler, node_id: str, port: str) -> Inport:
    """The mailbox behind a port name, in any of its spellings."""
    node = scheduler.nodes[node_id]
    found = resolve_port(node.actor.inports, port, case_sensitive=graph.case_sensitive)
    assert found is not None  # noqa: S101 -- the graph was checked
    return node.inports[found.name]


def receive(scheduler: Scheduler, inport: Inport, messages: list[Message]) -> None:
    """Put messages from outside into a mailbox."""
    if scheduler.recording:
        now = scheduler.clock.now()
        scheduler.record(Received(now, inport.node, inport.name, messages))
    inport.put(messages)


def lay_in(
    graph: Graph, scheduler: Scheduler, inputs: Mapping[str, Message], trigger: Message
) -> None:
    """Fill the mailboxes before the first turn: however many packets, none waits for room."""
    with resuming(scheduler):
        for initial in graph.initials:
            inport = inport_of(graph, scheduler, initial.node, initial.port)
            receive(scheduler, inport, [initial.message()])
        for name, message in inputs.items():
            exposed = graph.inports[name]
            receive(scheduler, inport_of(graph, scheduler, exposed.node, exposed.port), [message])
        for node in scheduler.nodes.values():
            if node.actor.trigger:
                node.kick = {"trigger": trigger}


@contextmanager
def resuming(scheduler: Scheduler) -> Iterator[None]:
    """What is laid in here starts the run.

    One that is resumed then goes on from where its journal ends; its packets are no news.
    """
    recording = scheduler.recording
    scheduler.recording = recording and not scheduler.resume
    yield
    if scheduler.resume:
        replay(scheduler, scheduler.resume)
    scheduler.recording = recording
    for node in scheduler.nodes.values():
        if node.kick is not None or scheduler.resume:
            node.wake()
