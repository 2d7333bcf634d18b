"""Log lines about what lasts: said when it begins, each minute while it goes on, and at its end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_SECONDS = 60.0
QUIET_SECONDS = 10.0  # without trouble, before it counts as over


class Repeats:
    """One thing that may be wrong for long. Threads may share it."""

    def __init__(
        self, logger: logging.Logger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._clock = clock
        self._said_at: float | None = None
        self._last_at = 0.0
        self._left_out = 0

    def wrong(self, text: str, *values: object, level: int = logging.WARNING) -> None:
        now = self._last_at = self._clock()
        if self._said_at is not None and now - self._said_at < EVERY_SECONDS:
            self._left_out += 1
            return
        if self._left_out:
            self._logger.log(level, "%s times in %g s:", self._left_out + 1, EVERY_SECONDS)
        self._logger.log(level, text, *values)
        self._said_at, self._left_out = now, 0

    def right(self, text: str) -> None:
        """It may be over, if it was wrong; trouble that comes and goes is one."""
        if self._said_at is not None and self._clock() - self._last_at >= QUIET_SECONDS:
            self._logger.warning(text)
            self._said_at, self._left_out = None, 0
