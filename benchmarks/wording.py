"""Figures and targets as a reader sees them, the same in the terminal and in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.targets import RATE

if TYPE_CHECKING:
    from benchmarks.figures import Figures, Spread
    from benchmarks.targets import Target

UNITS = {  # by the end of a value's name
    "us": "µs",
    "ms": "ms",
    "mb": "MB",
    "bytes": "B",
    "kilobytes": "kB",
}
NAMES = {
    "peer python 10": "the original's Python actors",
    "peer native 10": "the original's native actors",
    "peer fan-out": "the original",
    "peer fan-in": "the original",
    "queue 10": "asyncio.Queue",
    "bytewax 10": "bytewax",
}
MEANINGS = {
    "dict chain 10, read": "dict chain 10, every MessageSent read",
    "dict + state chain 10": "dict chain 10, each counting in its state",
    "hop": "one hop, idle network",
    "round trip": "outside in, two hops, outside",
    "timers": "lateness of other timers, saturated",
    "idle actor": "idle connected actor",
    "start": "build and start 10,000 nodes",
    "load": "load 10,000-node JSON",
    "slow sink": "growth in 10 M messages through a slow sink",
    "peer python 10": "the original: Python actors, chain 10",
    "peer native 10": "the original: native actors, chain 10",
    "peer fan-out": "the original: fan-out 100",
    "peer fan-in": "the original: fan-in 100",
    "peer diamond": "the original: diamond",
    "peer hop": "the original: one hop, idle network",
    "peer idle actor": "the original: idle connected actor",
    "peer start": "the original: build and start 10,000 nodes",
    "peer load": "the original: load 10,000-node JSON",
    "peer events": "the original: events that nobody reads",
    "queue 10": "asyncio.Queue by hand, chain 10",
    "bytewax 10": "bytewax, op.map, chain 10",
    "bytewax batch 10": "bytewax, op.flat_map_batch, chain 10",
}


def meaning(case: str) -> str:
    return MEANINGS.get(case, case)


def against(target: Target) -> str:
    return NAMES.get(target.against, target.against)


def number(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 1e6:
        return f"{_three(value / 1e6)} M"
    return f"{_three(value / 1e3)} k" if abs(value) >= 1e4 else _three(value)


def _three(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def unit(key: str) -> str:
    return "hops/s" if key == RATE else UNITS[key.rpartition("_")[2]]


def amount(value: float, key: str, *, ratio: bool = False) -> str:
    return f"{number(value)}x" if ratio else f"{number(value)} {unit(key)}"


def spread_text(spread: Spread, key: str, *, ratio: bool = False) -> str:
    middle = amount(spread.median, key, ratio=ratio)
    if spread.least == spread.most:
        return middle
    return f"{middle} [{number(spread.least)}..{number(spread.most)}]"


def bound_text(target: Target) -> str:
    sign = ">=" if target.at_least else "<="
    million = target.bound >= 1e6
    bound = f"{target.bound / 1e6:g} M" if million else f"{target.bound:,g}"
    return f"{sign} {bound}x" if target.against else f"{sign} {bound} {unit(target.key)}"


def verdict(target: Target, spread: Spread | None) -> str:
    if spread is None:
        return "not measured"
    return "reached" if target.reached(spread.median) else "missed"


def target_name(target: Target) -> str:
    name = meaning(target.case)
    if target.against:
        return f"{name}, against {against(target)}"
    return f"{name}, {target.key.partition('_')[0]}" if target.key[0] == "p" else name


def not_measured(figures: Figures, case: str) -> str:
    return "; ".join(sorted(set(figures.failures(case)))) or "not run"
