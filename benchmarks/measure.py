"""What one measured program gives back, and the watch that measures it."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one program.

    Args:
        hops: messages that crossed a connection; 0 where speed is not what is measured.
        cpu_s: CPU time of the whole process, all threads; unlike wall time it says nearly the
            same on a busy machine.
        values: what else was measured, by name with its unit, such as ``p50_us``.
        remark: what a reader must know about this run.
    """

    hops: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""


class Watch:
    """CPU and wall time of a ``with`` block, in seconds."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.wall_s = 0.0

    def __enter__(self) -> Self:
        gc.collect()
        self._wall, self._cpu = perf_counter(), process_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.cpu_s = process_time() - self._cpu
        self.wall_s = perf_counter() - self._wall

    def measured(
        self, hops: int = 0, values: Mapping[str, float] | None = None, remark: str = ""
    ) -> Measured:
        return Measured(hops, self.cpu_s, self.wall_s, values or {}, remark)


class LostMessageError(Exception):
    """A run lost, doubled or reordered a message: nothing is quoted from it."""


def percentiles(samples_ns: Sequence[int], prefix: str = "") -> dict[str, float]:
    """The median and the 99th percentile, in microseconds."""
    ordered = sorted(samples_ns)
    return {
        f"{prefix}p50_us": ordered[len(ordered) // 2] / 1000,
        f"{prefix}p99_us": ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)] / 1000,
    }


def resident_bytes() -> int:
    """The resident memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 -- read often
        return int(statm.read().split()[1]) * 4096
