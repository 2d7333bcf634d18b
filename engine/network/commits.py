"""Group commit: outputs wait until the journal has them, and only their senders wait with them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.journal import JournalEntry
from engine.messages import freeze

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.journal import Journal
    from engine.messages import Message
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler


class Committer:
    """Commits what turns gave, one batch at a time; the next batch gathers meanwhile."""

    __slots__ = ("_journal", "_scheduler", "_waiting", "task")

    def __init__(self, scheduler: Scheduler, journal: Journal) -> None:
        self._scheduler = scheduler
        self._journal = journal
        self._waiting: list[tuple[Node, JournalEntry]] = []
        self.task: asyncio.Task[None] | None = None

    def add(
        self, node: Node, consumed: Mapping[str, int], outputs: Mapping[str, list[Message]]
    ) -> None:
        """Commit, then deliver; until then the node does not fire again."""
        entry = JournalEntry(node.node_id, consumed, outputs, freeze(dict(node.ctx.state)))
        self._waiting.append((node, entry))
        node.committing += 1
        if self.task is None or self.task.done():
            self._scheduler.busy()
            self.task = asyncio.create_task(self._commit(), name="reflow journal")

    async def _commit(self) -> None:
        try:
            while self._waiting and self._scheduler.failure is None:
                batch, self._waiting = self._waiting, []
                await self._journal.commit([entry for _, entry in batch])
                for node, entry in batch:
                    node.committing -= 1
                    node.dispatch(entry.outputs)
                for node in dict.fromkeys(node for node, _ in batch):
                    node.release_committed()
        except Exception as error:  # noqa: BLE001 -- without a journal the run cannot go on
            self._scheduler.crash(error)
        finally:
            self._scheduler.rest()
