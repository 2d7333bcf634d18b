"""From batch records to events, on the reader's side: only who listens pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from engine import events
from engine.messages import FrozenDict
from engine.network import records
from engine.network.sizes import size_or_zero

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.network.node import Node

# Which records an event is made from.
RECORDS_OF: dict[type, tuple[type, ...]] = {
    events.Started: (records.NetworkStarted,),
    events.NodeExecuting: (records.TurnStarted, records.Turn),
    events.ActorCompleted: (records.Turn,),
    events.ActorFailed: (records.FiringFailed,),
    events.ActorRetried: (records.Retried,),
    events.FiringInDoubt: (records.Doubted,),
    events.ActorRestarted: (records.Restarted,),
    events.BreakerChanged: (records.BreakerMoved,),
    events.MessageReceived: (records.Received,),
    events.MessageSent: (records.Sent,),
    events.ActorLogged: (records.Logged,),
    events.ActorStateChanged: (records.Moved,),
    events.PortGrew: (records.Grew,),
    events.MessagesUndelivered: (records.Undelivered,),
    events.NetworkIdle: (records.Idle,),
    events.NetworkShutdown: (records.Shutdown,),
}


def expand(record: records.Record) -> Iterator[events.EngineEvent]:
    """The events of one record, in order; one ``MessageSent`` a message."""
    match record:
        case records.Turn():
            yield from _turn(record)
        case records.Sent():
            yield from _sent(record)
        case records.Received(at, node, port, messages):
            for message in messages:
                yield events.MessageReceived(
                    timestamp=at,
                    node=node.node_id,
                    port=port,
                    message=message,
                    size=size_or_zero(message),
                )
        case records.FiringFailed():
            yield _failed(record)
        case records.Doubted(at, node, key, action):
            yield events.FiringInDoubt(
                timestamp=at, node=node.node_id, component=node.component, key=key, action=action
            )
        case records.TurnStarted(at, node, count):
            yield _executing(node, at, count)
        case _:
            yield _single(record)


def _failed(record: records.FiringFailed) -> events.ActorFailed:
    node = record.node
    return events.ActorFailed(
        timestamp=record.at,
        node=node.node_id,
        component=node.component,
        error=record.error,
        code=record.code,
        handled=bool(record.handled_by),
        handled_by=record.handled_by,
        output_connections=node.error_connections if record.handled_by == "error_port" else (),
    )


def _single(  # noqa: C901 -- one line for each kind
    record: records.NetworkStarted
    | records.Retried
    | records.Restarted
    | records.BreakerMoved
    | records.Logged
    | records.Moved
    | records.Grew
    | records.Undelivered
    | records.Idle
    | records.Shutdown,
) -> events.EngineEvent:
    match record:
        case records.NetworkStarted(at, nodes, connections):
            return events.Started(timestamp=at, nodes=nodes, connections=connections)
        case records.Logged(at, node, level, text):
            return events.ActorLogged(timestamp=at, node=node.node_id, level=level, text=text)
        case records.Moved(at, node, old, new):
            return events.ActorStateChanged(timestamp=at, node=node.node_id, old=old, new=new)
        case records.Retried(at, node, attempt, wait, error):
            return events.ActorRetried(
                timestamp=at, node=node.node_id, attempt=attempt, delay_ms=wait * 1000, error=error
            )
        case records.Restarted(at, node, cause, count):
            return events.ActorRestarted(
                timestamp=at, node=node.node_id, cause=cause, restarts=count
            )
        case records.BreakerMoved(at, node, breaker, old, new):
            return events.BreakerChanged(
                timestamp=at, node=node.node_id, breaker=breaker, old=old, new=new
            )
        case records.Grew(at, node, port, bound):
            return events.PortGrew(timestamp=at, node=node.node_id, port=port, bound=bound)
        case records.Undelivered(at, ports):
            return events.MessagesUndelivered(timestamp=at, ports=ports)
        case records.Idle(at):
            return events.NetworkIdle(timestamp=at)
        case records.Shutdown(at):
            return events.NetworkShutdown(timestamp=at)
        case _:
            assert_never(record)


def _executing(node: Node, at: float, count: int) -> events.NodeExecuting:
    return events.NodeExecuting(
        timestamp=at,
        node=node.node_id,
        component=node.component,
        count=count,
        input_connections=node.input_connections,
    )


def _turn(record: records.Turn) -> Iterator[events.EngineEvent]:
    node, outputs = record.node, record.outputs
    if not record.announced:
        yield _executing(node, record.at - record.duration, record.count)
    if record.count == record.failed:
        return
    yield events.ActorCompleted(
        timestamp=record.at,
        node=node.node_id,
        component=node.component,
        count=record.count - record.failed,
        duration_ms=record.duration * 1000,
        output_size=sum(size_or_zero(message) for sent in outputs.values() for message in sent),
        output_connections=tuple(
            link.connection_id
            for port, sent in outputs.items()
            if sent
            for link in node.outports[port].links
        ),
        outputs=FrozenDict((port, sent[-1]) for port, sent in outputs.items() if sent),
    )


def _sent(record: records.Sent) -> Iterator[events.MessageSent]:
    link = record.link
    for message in record.messages:
        yield events.MessageSent(
            timestamp=record.at,
            node=link.from_node,
            from_port=link.from_port,
            to_node=link.inport.node.node_id,
            to_port=link.inport.name,
            connection=link.connection_id,
            message=message,
            size=size_or_zero(message),
        )
