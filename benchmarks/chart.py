"""Bar charts as SVG, without a library: they are read beside the table, and in its repository."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 920
LABELS = 380  # pixels for the names
VALUES = 90  # pixels for the figures behind the bars
ROW = 24
TOP = 56
OURS, OTHERS, MISSED = "#2563eb", "#94a3b8", "#d97706"


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    text: str
    colour: str = OURS


def bar_chart(title: str, subtitle: str, bars: Sequence[Bar], mark: float | None = None) -> str:
    """Horizontal bars on a logarithmic scale.

    Args:
        mark: a value at which a dashed line is drawn, such as the target.
    """
    values = [bar.value for bar in bars if bar.value > 0] + ([mark] if mark else [])
    low = 10 ** math.floor(math.log10(min(values)) - 0.2)
    span = math.log10(max(values) / low)
    room = WIDTH - LABELS - VALUES

    def length(value: float) -> float:
        return room * math.log10(max(value, low) / low) / span if span else room

    height = TOP + ROW * len(bars) + 12
    rows = "".join(_row(index, bar, length(bar.value)) for index, bar in enumerate(bars))
    line = _line(LABELS + length(mark), height) if mark else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<text x="12" y="24" font-size="16" font-weight="600" fill="#0f172a">'
        f"{escape(title)}</text>"
        f'<text x="12" y="42" font-size="12" fill="#475569">{escape(subtitle)}</text>'
        f"{rows}{line}</svg>\n"
    )


def _row(index: int, bar: Bar, length: float) -> str:
    top = TOP + ROW * index
    middle = top + ROW / 2
    return (
        f'<text x="{LABELS - 8}" y="{middle}" font-size="12" text-anchor="end" '
        f'dominant-baseline="middle" fill="#0f172a">{escape(bar.label)}</text>'
        f'<rect x="{LABELS}" y="{top + 4}" width="{max(length, 1):.1f}" height="{ROW - 8}" '
        f'rx="2" fill="{bar.colour}"/>'
        f'<text x="{LABELS + length + 6:.1f}" y="{middle}" font-size="12" '
        f'dominant-baseline="middle" fill="#334155">{escape(bar.text)}</text>'
    )


def _line(x: float, height: int) -> str:
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{height - 8}" '
        f'stroke="#dc2626" stroke-dasharray="4 3"/>'
    )
