"""A node's log: to Python's logging, and to the run's events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from engine.network.records import Logged

if TYPE_CHECKING:
    from engine.network.node import Node

LOGGER = logging.getLogger("reflow.node")


class NodeLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines are also events of the run."""

    def __init__(self, node: Node) -> None:
        super().__init__(LOGGER, {"node_id": node.node_id})
        self._node = node

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        super().log(level, msg, *args, **kwargs)
        scheduler = self._node.scheduler
        if scheduler.recording:
            name = logging.getLevelName(level).lower()
            scheduler.record_soon(Logged(scheduler.clock.now(), self._node, name, _text(msg, args)))


def _text(msg: object, args: tuple[object, ...]) -> str:
    """As Python's logging would write it; a format that does not fit is shown as it is."""
    try:
        return logging.LogRecord("", 0, "", 0, msg, args, None).getMessage()
    except (TypeError, ValueError, KeyError):
        return str(msg)
