"""How long one firing may take. What it sleeps on purpose, or waits for room, does not count."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.errors import FiringTimeoutError

if TYPE_CHECKING:
    from engine.network.node import Node


class Patience:
    """The time that is left to a firing of the current task, which is cancelled at its end.

    It is armed only once a firing really waits: those that do not cost nothing.
    """

    __slots__ = (
        "_alarm",
        "_away",
        "_left",
        "_loop",
        "_node",
        "_since",
        "_task",
        "expired",
        "moved",
    )

    def __init__(self, node: Node, task: asyncio.Task[Any], away: int = 0) -> None:
        self.expired = False
        self.moved = False  # a generator has given something: its time begins anew
        self._node = node
        self._task = task
        self._away = away
        self._loop = asyncio.get_running_loop()
        self._left = float(node.scheduler.limits.node_seconds or 0)
        self._since = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        if not away:
            self._arm()

    def pause(self) -> None:
        """What comes now does not count."""
        self._away += 1
        if self._alarm is not None:
            self._left -= self._loop.time() - self._since
            self.stop()

    def go_on(self) -> None:
        self._away -= 1
        if not self._away:
            self._arm()

    def stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def ended_it(self) -> bool:
        """Whether it cancelled the task, and nobody else did; to be asked by the task, once."""
        self.stop()
        if not self.expired:
            return False
        self.expired = False
        return self._task.uncancel() == 0

    def error(self) -> FiringTimeoutError:
        return FiringTimeoutError(self._node.node_id, self._node.scheduler.limits.node_seconds or 0)

    def _arm(self) -> None:
        if self.expired:
            return
        self._since = self._loop.time()
        self._alarm = self._loop.call_later(max(self._left, 0), self._end)

    def _end(self) -> None:
        self._alarm = None
        if self.moved:
            self.moved = False
            self._left = float(self._node.scheduler.limits.node_seconds or 0)
            self._arm()
        else:
            self.expired = True
            self._task.cancel()
