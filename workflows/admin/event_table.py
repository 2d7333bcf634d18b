"""The event table of a run: one page, newest first, by type and node."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlencode

from django.conf import settings
from django.db.models.functions import Left
from django.utils import timezone

from engine.events import ActorStateChanged, EngineEvent
from workflows.admin import show
from workflows.payloads import reference_of

if TYPE_CHECKING:
    from django.http import QueryDict

    from workflows.models import Execution

MAX_TEXT = 4_000  # characters of an event's data on the page; the API has the whole
MAX_SUMMARY = 200
TYPES = sorted(kind.__name__ for kind in get_args(EngineEvent) if kind is not ActorStateChanged)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader asked for; ``before`` is the number of the page's upper end."""

    type: str = ""
    node: str = ""
    before: int | None = None

    @classmethod
    def from_query(cls, query: QueryDict) -> Choice:
        before = query.get("before", "")
        return cls(
            type=query.get("type", ""),
            node=query.get("node", "").replace("\0", ""),
            before=int(before)
            if before.isascii() and before.isdigit() and len(before) < 10
            else None,
        )

    def older(self, seq: int) -> str:
        """The query of the page before event ``seq``."""
        asked = {"type": self.type, "node": self.node, "before": seq}
        return urlencode({name: value for name, value in asked.items() if value})


def event_page(execution: Execution, choice: Choice) -> dict[str, Any]:
    """The rows of one page and the way to the next, with one query."""
    rows = execution.stored_events
    if choice.type in TYPES:
        rows = rows.filter(type=choice.type)
    if choice.node:
        rows = rows.filter(node=choice.node)
    if choice.before is not None:
        rows = rows.filter(seq__lt=choice.before)
    size = settings.EVENT_PAGE
    cut = rows.annotate(text=Left("data", MAX_TEXT + 1)).order_by("-seq")
    found = list(cut.values("seq", "type", "node", "at", "text")[: size + 1])
    return {
        "events": [_row(**event) for event in found[:size]],
        "older": choice.older(found[size - 1]["seq"]) if len(found) > size else "",
        "chosen": choice,
        "event_types": TYPES,
        "zone": timezone.get_current_timezone_name(),
    }


def _row(*, seq: int, type: str, node: str, at: Any, text: str) -> dict[str, Any]:  # noqa: A002 -- the column
    local = timezone.localtime(at)
    if apart := reference_of(text):
        text = json.dumps({"stored_apart": f"{apart.size_bytes} bytes: the API has them"})
    whole = len(text) <= MAX_TEXT
    return {
        "seq": seq,
        "type": type,
        "node": node,
        "time": local.strftime("%H:%M:%S.%f")[:-3],
        "exact": local.isoformat(),
        "short": shorten(summary(json.loads(text)) if whole else text[1:]),
        "data": "" if text == "{}" else show.pretty(text) if whole else f"{text[:MAX_TEXT]}…",
    }


def summary(data: dict[str, Any]) -> str:
    """An event's data in one line: the connection first, then the numbers, then the messages."""
    words = [str(data[name]) for name in ("connection", "error", "text") if data.get(name)]
    words += [f"{name}={_number(value)}" for name, value in data.items() if _is_number(value)]
    messages = {"": data["message"]} if "message" in data else data.get("outputs") or {}
    words += [
        f"{port}: {_bare(message)}" if port else _bare(message)
        for port, message in messages.items()
    ]
    return "  ".join(words) or json.dumps(data, ensure_ascii=False)


def shorten(text: str) -> str:
    return text if len(text) <= MAX_SUMMARY else f"{text[:MAX_SUMMARY]}…"


def _bare(tagged: Any) -> str:
    value = tagged.get("data") if isinstance(tagged, dict) and "type" in tagged else tagged
    return json.dumps(value, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: int | float) -> str:  # noqa: PYI041 -- a float is printed otherwise
    return f"{value:.3g}" if isinstance(value, float) else str(value)
