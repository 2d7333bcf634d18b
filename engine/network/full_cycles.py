"""Parks' rule: where all wait for room, the smallest full port of the cycle gets more of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BackpressureDeadlock
from engine.network.records import Grew
from engine.network.sizes import size_or_zero

if TYPE_CHECKING:
    from engine.network.mailbox import Inport
    from engine.network.scheduler import Scheduler


def grow(scheduler: Scheduler, inport: Inport) -> None:
    """Enlarge a full port, up to a limit; beyond it the run ends."""
    limit = inport.start_bound * scheduler.limits.cycle_growth
    if inport.bound >= limit or _bytes_of(inport) >= scheduler.limits.cycle_bytes:
        scheduler.crash(BackpressureDeadlock(item.where for item in scheduler.parked))
        return
    inport.bound = min(inport.bound * 2, limit)
    if scheduler.recording:
        now = scheduler.clock.now()
        scheduler.record(Grew(now, inport.node, inport.name, inport.bound))
    inport.release_writers()


def _bytes_of(inport: Inport) -> int:
    return sum(map(size_or_zero, inport.queue))
