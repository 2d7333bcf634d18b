"""One engine event as one line for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from engine.codec import to_plain
from engine.errors import CodecError
from engine.events import ActorFailed, ActorLogged, MessageReceived, MessageSent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.events import EngineEvent
    from engine.messages import Message

LONGEST = 160  # characters of one message
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def line(event: EngineEvent) -> Text:
    time = datetime.fromtimestamp(event.timestamp, UTC).astimezone().strftime("%H:%M:%S.%f")
    style = "red" if isinstance(event, ActorFailed) else "bold"
    line = Text.assemble((f"{time[:-3]}  ", "dim"), (f"{event.type:<20}", style))
    return line.append(safe(_words(event)))


def _words(event: EngineEvent) -> str:
    if isinstance(event, MessageSent):
        times = f" ({event.count} messages, the last one:)" if event.count > 1 else ""
        return f"{event.connection}{times} {_short(event.message)}"
    if isinstance(event, MessageReceived):
        return f"{event.node}.{event.port} {_short(event.message)}"
    if isinstance(event, ActorFailed):
        handled = "handled by its error port" if event.handled else event.code
        return f"{event.node}: {event.error} ({handled})"
    if isinstance(event, ActorLogged):
        return f"{event.node} {event.level}: {event.text}"
    hidden = ("outputs", "input_connections", "output_connections")
    words = [f"{key}={value}" for key, value in _rounded(event.data()).items() if key not in hidden]
    return " ".join([getattr(event, "node", ""), *words]).strip()


def _rounded(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value for name, value in data.items()
    }


def _short(message: Message) -> str:
    text = as_json(plain(message))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def plain(message: Message) -> Any:
    try:
        return to_plain(message)
    except CodecError as error:
        return f"<{error}>"


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def safe(text: str) -> str:
    """Without control characters: a graph must not be able to steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else UNPRINTABLE for char in text)
