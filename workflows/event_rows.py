"""Engine events as rows: pure functions that shorten what is large and never raise for a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from engine.codec import dumps, to_json
from engine.errors import CodecError, Problem
from engine.events import ActorStateChanged, MessageSent
from engine.messages import ErrorValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.events import EngineEvent
    from engine.messages import Message


@dataclass(frozen=True, slots=True)
class RowLimits:
    """Above ``message_bytes`` an event keeps only the first ``preview_characters`` of a message."""

    message_bytes: int = 65_536
    preview_characters: int = 2_048


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event, ready to be stored; ``problems`` names the messages that could not be."""

    type: str
    node: str
    at: datetime
    data: str
    problems: tuple[Problem, ...] = ()


def to_row(event: EngineEvent, limits: RowLimits) -> EventRow:
    """The row of an event.

    A message above the limit becomes a String with the beginning of its JSON, and the data's
    ``shortened`` says its type and size in bytes. One that cannot be written becomes an Error.
    """
    node = getattr(event, "node", "")
    port = getattr(event, "from_port", getattr(event, "port", ""))
    cells = _Cells(node, port, limits)
    data = cells.text(event.data())
    at = datetime.fromtimestamp(event.timestamp, UTC)
    return EventRow(event.type, clean(node), at, data, tuple(cells.problems))


def stored(events: Iterable[EngineEvent]) -> Iterator[EngineEvent]:
    """Leave out the lifecycle states, which other events imply."""
    return (event for event in events if not isinstance(event, ActorStateChanged))


def summed(events: Iterable[EngineEvent]) -> list[EngineEvent]:
    """One ``MessageSent`` for each connection, with the count and size of all of its messages."""
    kept: dict[object, EngineEvent] = {}
    for position, event in enumerate(events):
        if not isinstance(event, MessageSent):
            kept[position] = event
            continue
        earlier = kept.pop(event.connection, None)
        if isinstance(earlier, MessageSent):
            count, size = earlier.count + event.count, earlier.size + event.size
            kept[event.connection] = replace(event, count=count, size=size)
        else:
            kept[event.connection] = event
    return list(kept.values())


def within(events: Sequence[EngineEvent], single: int) -> tuple[list[EngineEvent], int]:
    """Keep the first ``single`` MessageSent one by one, and sum up the rest of the batch.

    Returns:
        The events to store, and how many MessageSent may still be kept singly after them.
    """
    for position, event in enumerate(events):
        if isinstance(event, MessageSent):
            if single == 0:
                return [*events[:position], *summed(events[position:])], 0
            single -= 1
    return list(events), single


def clean(text: str) -> str:
    """A text that every database takes: no U+0000, no lone surrogate."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


_MESSAGES = ("message", "outputs")  # fields that hold messages
_FIELDS = msgspec.json.Encoder()


def _writable(value: Any) -> Any:
    try:
        dumps(value)
    except CodecError:
        return clean(str(value))
    return value


class _Cells:
    """The JSON text of one event's fields, messages last, and what there was to say about it."""

    def __init__(self, node: str, port: str, limits: RowLimits) -> None:
        self._node = node
        self._port = port
        self._limits = limits
        self.shortened: dict[str, dict[str, Any]] = {}
        self.problems: list[Problem] = []

    def text(self, data: dict[str, Any]) -> str:
        """One JSON object; changes ``data``."""
        messages = {name: data.pop(name) for name in _MESSAGES if name in data}
        parts = [self._plain(data).removeprefix("{").removesuffix("}")] if data else []
        if "message" in messages:
            parts.append(f'"message":{self._message("message", self._port, messages["message"])}')
        if "outputs" in messages:
            parts.append(f'"outputs":{self._messages(messages["outputs"])}')
        if self.shortened:
            parts.append(f'"shortened":{dumps(self.shortened)}')
        return f"{{{','.join(parts)}}}"

    def _plain(self, fields: dict[str, Any]) -> str:
        """Of the fields that the engine itself wrote: texts, numbers and lists of texts."""
        try:
            return _FIELDS.encode(fields).decode()
        except (ValueError, TypeError, OverflowError):  # such as a text with a lone surrogate
            return dumps({name: _writable(value) for name, value in fields.items()})

    def _messages(self, messages: Mapping[str, Message]) -> str:
        cells = (
            f"{dumps(clean(port))}:{self._message(port, port, message)}"
            for port, message in messages.items()
        )
        return f"{{{','.join(cells)}}}"

    def _message(self, name: str, port: str, message: Message) -> str:
        try:
            text = to_json(message)
        except CodecError as error:
            where = f"node {self._node!r} port {port!r}"
            problem = Problem(where, str(error), "message_invalid", node=self._node, port=port)
            self.problems.append(problem)
            text = to_json(ErrorValue(clean(str(problem))))
        size = len(text) if text.isascii() else len(text.encode())
        if size <= self._limits.message_bytes:
            return text
        tag, _, bare = text.removeprefix('{"type":"').partition('","data":')
        self.shortened[name] = {"type": tag, "size": size}
        return to_json(f"{bare[: self._limits.preview_characters]}…")
