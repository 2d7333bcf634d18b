"""The runs that were over, and the faults, over time: an SVG without a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.checker import events_by_run
from tests.chaos.facts import TERMINAL_EVENT

if TYPE_CHECKING:
    from tests.chaos.facts import Evidence

WIDTH, HEIGHT, EDGE, LANE = 860, 320, 40, 12
COLOURS = {"worker": "#c0392b", "broker": "#2980b9", "database": "#8e44ad", "keeper": "#d68910"}
OTHER = "#7f8c8d"


def plot(evidence: Evidence) -> str:
    """A rising line for runs that are over; below it a tick for each fault, by what it hit."""
    ends = sorted(
        event.at
        for _, events in events_by_run(evidence)
        for event in events
        if event.type in TERMINAL_EVENT.values()
    )
    first = min((run.at for run in evidence.accepted), default=0.0)
    last = max((fault.at for fault in evidence.injected), default=first)
    ends = [at for at in ends if first - 60 < at < last + 300]  # not those of a clock gone wrong
    span = max(1.0, max([last, *ends]) - first)
    bottom = HEIGHT - EDGE - LANE * (len(COLOURS) + 1)

    def x(at: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (at - first) / span, 1)

    def y(count: int) -> float:
        return round(bottom - (bottom - EDGE) * count / max(1, len(ends)), 1)

    line = " ".join(f"{x(at)},{y(number)}" for number, at in enumerate(ends, 1))
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11"'
    title = f"{len(ends)} runs over, {len(evidence.injected)} faults, {span:.0f} s"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<text x="{EDGE}" y="20">{title}</text>',
            f'<polyline points="{line}" fill="none" stroke="#27ae60" stroke-width="1.5"/>',
            *(_tick(fault.kind, x(fault.at), bottom) for fault in evidence.injected),
            *(_name(number, word, bottom) for number, word in enumerate((*COLOURS, "other"), 1)),
            "</svg>\n",
        )
    )


def _lane(kind: str) -> tuple[int, str]:
    for number, (word, colour) in enumerate(COLOURS.items(), 1):
        if word in kind or (word == "worker" and kind in ("freeze_child", "deploy", "up")):
            return number, colour
    return len(COLOURS) + 1, OTHER


def _tick(kind: str, x: float, bottom: float) -> str:
    lane, colour = _lane(kind)
    top = bottom + LANE * lane
    return f'<path d="M{x} {top}v{LANE - 3}" stroke="{colour}"/>'


def _name(number: int, word: str, bottom: float) -> str:
    return f'<text x="2" y="{bottom + LANE * number + 8}" font-size="8">{word}</text>'
