"""Where the time of a hop goes: a profile of the dict chain, as a table of functions."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import machine
from benchmarks.budget import Budget
from benchmarks.engine.chain import build, run

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGES = 10
MESSAGES = 50_000
HOPS = (STAGES + 1) * MESSAGES
ROUNDS = 5
ROWS = 15
ROOT = machine.ROOT

TEXT = """\
# Profile of the dict chain

{stages} actors between a source and a sink, {messages:,} messages, {hops:,} hops; commit {commit},
{python}. A hop takes **{plain:.0f} ns** of CPU:

| ns | what |
|---|---|
{parts}

Under the profiler everything costs more, and calls most: read the shares, not the times.

| share | ns a hop | calls a hop | function |
|---|---|---|---|
{rows}
"""


def write_profile(path: Path) -> None:
    """Profile the chain in this process and write the table."""
    asyncio.run(run("add", STAGES, 2_000))  # warm up
    budget, hop_ns = Budget(), inf
    for _ in range(ROUNDS):
        plain = asyncio.run(run("add", STAGES, MESSAGES))
        hop_ns = min(hop_ns, plain.cpu_s / HOPS * 1e9)
        budget.measure()
    profile = cProfile.Profile()
    profile.runcall(asyncio.run, build("add", STAGES, MESSAGES).run())
    text = TEXT.format(
        stages=STAGES,
        messages=MESSAGES,
        hops=HOPS,
        commit=machine.commit(),
        python=machine.python_build(),
        plain=hop_ns,
        parts="\n".join(f"| {part.ns:.0f} | {part.what} |" for part in budget.parts(hop_ns)),
        rows="\n".join(_rows(pstats.Stats(profile), HOPS)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _rows(stats: Any, hops: int) -> Iterator[str]:
    """The costliest functions; ``stats`` is a ``pstats.Stats``, whose table is not typed."""
    functions = sorted(stats.stats.items(), key=lambda item: -item[1][2])
    for (file_name, line, name), (_, calls, seconds, _, _) in functions[:ROWS]:
        yield (
            f"| {seconds / stats.total_tt:.1%} | {seconds / hops * 1e9:.1f} | {calls / hops:.3f} "
            f"| `{_place(file_name, line)}{name}` |"
        )


def _place(file_name: str, line: int) -> str:
    if file_name == "~":
        return ""
    path = Path(file_name)
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)
    return f"{shown}:{line} "
