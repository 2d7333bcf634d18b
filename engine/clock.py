"""The clock of a run: an argument, so that a test can own time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, for what people read."""

    def monotonic(self) -> float:
        """Seconds from any start, for durations."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own time."""

    now = staticmethod(time.time)  # not wrapped: they are called every turn
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
