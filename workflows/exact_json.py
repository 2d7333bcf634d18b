"""Messages as JSON that loses nothing: unlike on the wire, bytes and errors inside others stay so.

JSON values are themselves. Anything else, wherever it stands, is ``{"$": ["tagged", ...]}`` with
its wire form, and an object with a key ``$`` is ``{"$": ["object", {...}]}``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.codec import decode, dumps, encode
from engine.messages import freeze

if TYPE_CHECKING:
    from engine.messages import Message

_MARK = "$"
_JSON = (str, int, float, bool, type(None))


def exact_text(message: Message) -> str:
    """The text of a message.

    Raises:
        CodecError: an int outside i64 or a float that is not finite.
    """
    return dumps(_packed(message))


def exact_message(value: Any) -> Message:
    """The message of a parsed text."""
    return freeze(_unpacked(value))


def exact_messages(text: str) -> dict[str, Message]:
    """The messages of a JSON object of texts."""
    return {name: exact_message(value) for name, value in json.loads(text).items()}


def _packed(message: Any) -> Any:
    if isinstance(message, _JSON):
        return message
    if isinstance(message, dict):
        packed = {key: _packed(item) for key, item in message.items()}
        return {_MARK: ["object", packed]} if _MARK in packed else packed
    if isinstance(message, list):
        return [_packed(item) for item in message]
    return {_MARK: ["tagged", encode(message)]}


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _MARK not in value:
        return {key: _unpacked(item) for key, item in value.items()}
    kind, content = value[_MARK]
    if kind == "tagged":
        return decode(content)
    return {key: _unpacked(item) for key, item in content.items()}
