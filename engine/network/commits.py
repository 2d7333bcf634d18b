"""Group commit: outputs wait until the journal has them, and only their senders wait with them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.journal import FailedFiring, JournalEntry
from engine.messages import freeze

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.journal import Decision, Intent, Journal
    from engine.messages import Message
    from engine.network.dead_letter import DeadLetter
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler


class Committer:
    """Commits what turns gave, one batch at a time; the next batch gathers meanwhile.

    ``sent`` is what firings and drains of an earlier attempt had sent when they were cut off, by
    node and port: as many messages are not sent again. ``decisions`` are those on firings that
    were in doubt, by key.
    """

    __slots__ = ("_intents", "_journal", "_scheduler", "_waiting", "decisions", "sent", "task")

    def __init__(
        self, scheduler: Scheduler, journal: Journal, decisions: Mapping[str, Decision]
    ) -> None:
        self._scheduler = scheduler
        self._journal = journal
        self._waiting: list[tuple[Node, JournalEntry]] = []
        self._intents: list[tuple[asyncio.Future[None], Intent]] = []
        self.decisions = dict(decisions)
        self.sent: dict[str, dict[str, int]] = {}
        self.task: asyncio.Task[None] | None = None

    def add(
        self,
        node: Node,
        consumed: Mapping[str, int],
        outputs: Mapping[str, list[Message]],
        fired: int = 0,
        failures: Sequence[DeadLetter] = (),
        *,
        closes: str = "",
    ) -> None:
        """Commit, then deliver; until then the node does not fire again."""
        if self.sent:
            outputs = self._unsent(node.node_id, outputs, over=fired > 0)
        if not fired and not any(outputs.values()):
            return
        entry = JournalEntry(
            node.node_id,
            consumed,
            outputs,
            freeze(dict(node.ctx.state)),
            fired,
            node.failed,
            tuple(
                FailedFiring(item.inputs, item.error, item.code, item.attempts) for item in failures
            ),
            closes,
        )
        self._waiting.append((node, entry))
        node.committing += 1
        self._see_to_it()

    async def announce(self, intent: Intent) -> None:
        """Wait until the journal has it; together with all that waits by then."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._intents.append((stored, intent))
        self._see_to_it()
        await stored

    def _see_to_it(self) -> None:
        if self.task is None or self.task.done():
            self.task = self._scheduler.errand(self._commit(), "reflow journal")

    def _unsent(
        self, node_id: str, outputs: Mapping[str, list[Message]], *, over: bool
    ) -> Mapping[str, list[Message]]:
        sent = self.sent.get(node_id)
        if sent is None:
            return outputs
        left: dict[str, list[Message]] = {}
        for port, messages in outputs.items():
            known = min(sent.get(port, 0), len(messages))
            sent[port] = sent.get(port, 0) - known
            left[port] = messages[known:]
        if over:
            del self.sent[node_id]
        return left

    async def _commit(self) -> None:
        try:
            while (self._waiting or self._intents) and self._scheduler.failure is None:
                batch, self._waiting = self._waiting, []
                intents, self._intents = self._intents, []
                entries = [entry for _, entry in batch]
                await self._journal.commit([*entries, *(intent for _, intent in intents)])
                for stored, _ in intents:
                    if not stored.done():  # it was cancelled
                        stored.set_result(None)
                for node, entry in batch:
                    node.committing -= 1
                    node.dispatch(entry.outputs)
                for node in dict.fromkeys(node for node, _ in batch):
                    node.release_committed()
        except BaseException as error:  # without a journal the run cannot go on
            self._scheduler.crash(error)
            if not isinstance(error, Exception | asyncio.CancelledError):
                raise
        finally:
            self._scheduler.rest()
