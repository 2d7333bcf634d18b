"""Where the time of a hop goes: a profile of the dict chain, as a table of functions."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.engine.chain import run

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGES = 10
MESSAGES = 50_000
ROWS = 15
ROOT = machine.ROOT

TEXT = """\
# Profile of the dict chain

{stages} actors between a source and a sink, {messages:,} messages, {hops:,} hops; commit {commit},
{python}. Without the profiler a hop takes **{plain:.0f} ns** of CPU; under it everything costs
more, and calls most, so read the shares and not the times.

| share | ns a hop | calls a hop | function |
|---|---|---|---|
{rows}
"""


def write_profile(path: Path) -> None:
    """Profile the chain in this process and write the table."""
    asyncio.run(run("add", STAGES, 2_000))  # warm up
    plain = asyncio.run(run("add", STAGES, MESSAGES))
    profile = cProfile.Profile()
    profile.enable()
    measured = asyncio.run(run("add", STAGES, MESSAGES))
    profile.disable()
    text = TEXT.format(
        stages=STAGES,
        messages=MESSAGES,
        hops=measured.hops,
        commit=machine.commit(),
        python=machine.python_build(),
        plain=plain.cpu_s / plain.hops * 1e9,
        rows="\n".join(_rows(pstats.Stats(profile), measured.hops)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _rows(stats: pstats.Stats, hops: int) -> Iterator[str]:
    profile = stats.get_stats_profile()
    functions = sorted(profile.func_profiles.items(), key=lambda item: -item[1].tottime)
    for name, found in functions[:ROWS]:
        calls = str(found.ncalls).partition("/")[0]
        share = found.tottime / profile.total_tt
        yield (
            f"| {share:.1%} | {found.tottime / hops * 1e9:.1f} | {int(calls) / hops:.3f} "
            f"| `{_place(found.file_name)}{name}` |"
        )


def _place(file_name: str) -> str:
    if file_name == "~":
        return ""
    path = Path(file_name)
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)
    return f"{shown} "
