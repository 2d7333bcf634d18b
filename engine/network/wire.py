"""Records as Reflow's SDK shows its events: plain dicts, straight from the batch.

Sizes and connection ids are left out, as there; that makes this the cheapest way to see every
message. Other events are not in that shape; ``Subscription.read`` has them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.network import records

if TYPE_CHECKING:
    from engine.network.records import Record


def wire_events(record: Record) -> list[dict[str, Any]]:
    """The events of one record, in the original's words; none for kinds it does not have."""
    match record:
        case records.Sent(at, link, messages):
            head = {
                "_type": "MessageSent",
                "fromActor": link.from_node,
                "fromPort": link.from_port,
                "toActor": link.inport.node.node_id,
                "toPort": link.inport.name,
                "timestamp": int(at * 1000),
            }
            return [head | {"message": message} for message in messages]
        case records.Received(at, node, port, messages):
            head = {
                "_type": "MessageReceived",
                "actorId": node.node_id,
                "port": port,
                "timestamp": int(at * 1000),
            }
            return [head | {"message": message} for message in messages]
        case records.Turn() | records.TurnStarted() | records.FiringFailed():
            return _of_actor(record)
        case records.NetworkStarted() | records.Idle() | records.Shutdown():
            return [{"_type": _NETWORK[type(record)], "timestamp": int(record.at * 1000)}]
        case _:
            return []


_NETWORK: dict[type, str] = {
    records.NetworkStarted: "NetworkStarted",
    records.Idle: "NetworkIdle",
    records.Shutdown: "NetworkShutdown",
}


def _of_actor(
    record: records.Turn | records.TurnStarted | records.FiringFailed,
) -> list[dict[str, Any]]:
    node = record.node
    head = {
        "actorId": node.node_id,
        "component": node.component,
        "timestamp": int(record.at * 1000),
    }
    started = {"_type": "ActorStarted", **head}
    if isinstance(record, records.TurnStarted):
        return [started]
    if isinstance(record, records.FiringFailed):
        return [{"_type": "ActorFailed", **head, "error": record.error}]
    outputs = {port: sent[-1] for port, sent in record.outputs.items() if sent}
    completed = {"_type": "ActorCompleted", **head, "outputs": outputs}
    events = [] if record.announced else [started]
    return [*events, completed] if record.count > record.failed else events
