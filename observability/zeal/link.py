"""Whether Zeal answers, as the calls of this process show."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from observability.zeal.answers import Later, Ok, Refused
from observability.zeal.config import TraceApi

if TYPE_CHECKING:
    from datetime import datetime

    from observability.zeal.answers import Answer
    from observability.zeal.config import ZealConfig

LATELY_SECONDS = 60.0


class Link:
    """What this process has found out about one Zeal."""

    def __init__(self, config: ZealConfig) -> None:
        self.connected = False
        self.changed_at: datetime | None = None
        self.last_error = ""
        self.last_error_at: datetime | None = None
        self.came_back = False  # and nobody has looked yet
        self.finds_out = config.traces is TraceApi.AUTO
        first = TraceApi.ZIP if self.finds_out else config.traces
        self.profile = first
        self._took_at = float("-inf")  # the last trace event of any run, on the monotonic clock

    def heard(self, answer: Answer[Any]) -> None:
        """Learn from an answer; a no is one, too."""
        if isinstance(answer, (Ok, Refused)):
            self._is(connected=True)
        if not isinstance(answer, Ok):
            self.last_error, self.last_error_at = str(answer), timezone.now()
        if isinstance(answer, Later):
            self._is(connected=False)

    def took(self) -> None:
        """It has stored trace events of some run."""
        self._took_at = time.monotonic()

    @property
    def takes(self) -> bool:
        """Whether it has stored trace events of some run just now."""
        return time.monotonic() - self._took_at < LATELY_SECONDS

    def lost(self) -> None:
        """It answers no question for its health."""
        self._is(connected=False)

    def loses_ids(self) -> None:
        """Its ZIP routes do not work: traces go the other way, as long as this process lives."""
        self.profile = TraceApi.FLOW_TRACES

    def _is(self, *, connected: bool) -> None:
        if connected != self.connected or self.changed_at is None:
            self.came_back = connected
            self.connected, self.changed_at = connected, timezone.now()
