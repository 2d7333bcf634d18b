"""How values look on the pages: statuses, times and durations, the same everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince

from workflows.models import CircuitState, LetterStatus, Status
from workflows.payloads import reference_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

    from workflows.models import Execution

EMPTY = "-"
SYMBOLS = {
    Status.QUEUED: "◌",
    Status.RUNNING: "▶",
    Status.PAUSED: "Ⅱ",
    Status.WAITING: "Ⅱ",
    Status.COMPLETED: "✓",
    Status.FAILED: "✕",
    Status.CANCELLED: "⊘",
}


def status_text(status: str) -> str:
    """A symbol and a word: colour alone says nothing to some eyes."""
    return f"{SYMBOLS[Status(status)]} {Status(status).label}"


def badge(status: str) -> SafeString:
    return format_html(
        '<span class="rf-state" data-state="{}">{}</span>', status, status_text(status)
    )


# A letter's status, drawn like the status of a run.
LETTERS = {
    LetterStatus.OPEN: (Status.FAILED, "✕"),
    LetterStatus.REQUEUED: (Status.COMPLETED, "↻"),
    LetterStatus.DISCARDED: (Status.CANCELLED, "⊘"),
}


def letter_badge(status: str) -> SafeString:
    letter = LetterStatus(status)
    return _like_a_run(*LETTERS[letter], letter.label)


# A breaker's state, likewise.
BREAKERS = {
    CircuitState.CLOSED: (Status.COMPLETED, "✓"),
    CircuitState.OPEN: (Status.FAILED, "✕"),
    CircuitState.HALF_OPEN: (Status.WAITING, "Ⅱ"),
}


def breaker_badge(state: str) -> SafeString:
    circuit = CircuitState(state)
    return _like_a_run(*BREAKERS[circuit], circuit.label)


def _like_a_run(look: Status, symbol: str, label: str) -> SafeString:
    return format_html('<span class="rf-state" data-state="{}">{} {}</span>', look, symbol, label)


def ago(moment: datetime | None) -> SafeString | str:
    """``3 minutes ago``, with the exact time on hover."""
    if moment is None:
        return EMPTY
    local = timezone.localtime(moment)
    recent = (timezone.now() - moment).total_seconds() < 60
    return format_html(
        '<time class="rf-nowrap" datetime="{}" title="{}">{}</time>',
        local.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
        "just now" if recent else f"{timesince(moment, depth=1)} ago",
    )


def duration(execution: Execution) -> str:
    """How long a run took, or has taken so far; a run that has not begun has none."""
    if execution.is_over and execution.duration_ms is not None:
        return milliseconds(execution.duration_ms)
    if execution.started_at is None:
        return EMPTY
    end = execution.finished_at or timezone.now()
    return milliseconds(max((end - execution.started_at).total_seconds() * 1000, 0))


def milliseconds(value: float) -> str:
    """A duration in the unit that fits: ``8 ms``, ``1.4 s``, ``2 min 5 s``, ``3 h 10 min``."""
    if value < 1000:
        return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
    seconds = value / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def pretty(text: str) -> str:
    """JSON with indents; a text that is none stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def first_line(text: str, limit: int = 80) -> str:
    """What a list has room for of a longer text."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= limit else f"{line[:limit].rstrip()}…"


def nodes(execution: Execution) -> str:
    """``9``, or ``9, 2 failed``; a run that has not ended has not counted yet."""
    if not execution.is_over:
        return EMPTY
    failed = f", {execution.nodes_failed} failed" if execution.nodes_failed else ""
    return f"{execution.nodes_executed}{failed}"


def cut(text: str, limit: int) -> str:
    """A text that would make a page heavy, shortened, and saying so."""
    rest = len(text) - limit
    return text if rest <= 0 else f"{text[:limit]}\n… {rest} more characters: the API has them all"


def stored(text: str, limit: int) -> str:
    """A stored JSON text for a page; of one that stands in a file, nothing: the page links it."""
    return "" if not text or reference_of(text) else cut(pretty(text), limit)


def run_row(execution: Execution) -> dict[str, Any]:
    """One run in a short table."""
    return {
        "pk": execution.pk,
        "execution_id": execution.execution_id,
        "workflow": execution.workflow or execution.workflow_label or "posted graph",
        "badge": badge(execution.status),
        "duration": duration(execution),
        "created": ago(execution.created_at),
    }
