"""A network as an earlier attempt of its run has left it: mailboxes, states, outputs, failures."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from engine.journal import Intent
from engine.messages import thaw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.journal import JournalEntry, JournalRecord
    from engine.messages import Message
    from engine.network.mailbox import Inport
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler


def replay(scheduler: Scheduler, entries: Sequence[JournalRecord]) -> None:
    """Put every mailbox where these entries, in order, say it was; nothing fires.

    Needs the packets and inputs of the start in the mailboxes. Firings that had not ended begin
    anew; what they had sent already is left to the committer, which does not send it again.
    """
    mailboxes = {
        inport: deque(inport.queue)
        for node in scheduler.nodes.values()
        for inport in node.inports.values()
    }
    sent: dict[str, dict[str, int]] = {}
    for entry in entries:
        if isinstance(entry, Intent):
            continue
        node = scheduler.nodes[entry.node]
        _take(node, entry, mailboxes)
        _give(node, entry, mailboxes)
        if entry.fired:
            _end_firings(scheduler, node, entry)
            sent.pop(entry.node, None)
        elif node.actor.concurrency == 1:  # of several, nobody knows whose messages these were
            ports = sent.setdefault(entry.node, {})
            for port, messages in entry.outputs.items():
                ports[port] = ports.get(port, 0) + len(messages)
    for inport, waiting in mailboxes.items():
        inport.queue = list(waiting)
        inport.high_water = max(inport.high_water, len(waiting))
    if scheduler.committer is not None:
        scheduler.committer.sent = sent


def _take(node: Node, entry: JournalEntry, mailboxes: dict[Inport, deque[Message]]) -> None:
    columns = {
        port: [mailboxes[node.inports[port]].popleft() for _ in range(count)]
        for port, count in entry.consumed.items()
    }
    if node.actor.await_all_inports:
        rows = zip(*columns.values(), strict=True)
        node.own_keys().count(dict(zip(columns, row, strict=True)) for row in rows)
    else:
        firings = ({port: item} for port, column in columns.items() for item in column)
        node.own_keys().count(firings)


def _give(node: Node, entry: JournalEntry, mailboxes: dict[Inport, deque[Message]]) -> None:
    node.failed = entry.failed
    for port, messages in entry.outputs.items():
        outport = node.outports[port]
        for link in outport.links:
            link.messages += len(messages)
            mailboxes[link.inport].extend(messages)
        for collector in outport.collectors:
            collector.put(messages)
        if port == node.error_port and not outport.connected:
            node.refuse_errors(messages)


def _end_firings(scheduler: Scheduler, node: Node, entry: JournalEntry) -> None:
    node.fired += entry.fired
    node.ctx.state.clear()
    node.ctx.state.update(thaw(dict(entry.state)))
    if node.kick is not None and not entry.consumed:  # a source's one firing
        node.own_keys().count([node.kick])
        node.kick = None
    for failure in entry.failures:
        scheduler.dead_letter(node, failure.inputs, failure.error, failure.code, failure.attempts)
