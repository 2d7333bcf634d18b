"""What a test measures of its own process: memory, and what somebody has left open."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Memory:
    peak: int = 0  # bytes of Python objects made inside the block, at most at one time


@contextmanager
def memory() -> Iterator[Memory]:
    """Measure what the block allocates."""
    measured = Memory()
    tracemalloc.start()
    try:
        yield measured
        measured.peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@dataclass(frozen=True, slots=True)
class Left:
    """Everything that a network could leave behind."""

    tasks: int
    threads: tuple[str, ...]
    children: int
    descriptors: frozenset[tuple[str, str]]  # number, what it leads to


def left() -> Left:
    """What there is now; to be compared with an earlier one."""
    return Left(
        tasks=len(asyncio.all_tasks()),
        threads=tuple(sorted(thread.name for thread in threading.enumerate())),
        children=_children(),
        descriptors=frozenset(_descriptors()),
    )


def _children() -> int:
    files = Path("/proc/self/task").glob("*/children")
    return sum(len(file.read_text().split()) for file in files)


def _descriptors() -> Iterator[tuple[str, str]]:
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            yield entry.name, str(entry.readlink())
        except FileNotFoundError:  # the one that listed the folder
            continue
