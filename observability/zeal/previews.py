"""What of a message may be shown to Zeal: cut, and without values that are called secrets."""

from __future__ import annotations

import re
from typing import Any

from engine.codec import dumps
from engine.errors import CodecError

PREVIEW_CHARACTERS = 2_048
HIDDEN = "(hidden)"
MAX_DEPTH = 32
_SECRET = re.compile(
    r"auth(?!or(?!i))|cookie|credential|headers?$|passw|passphrase|private[-_]?key|secret|session|"
    r"signature|token|api[-_]?key",
    re.IGNORECASE,
)
_NOT_SHOWN = frozenset({"Bytes", "Binary", "Encoded"})


def preview(message: Any, *, characters: int = PREVIEW_CHARACTERS) -> Any:
    """The value of a stored message, tagged or a plain object of them; None shows nothing.

    What is longer than so many characters of JSON is cut, and then a text; 0 shows nothing.
    """
    if not characters:
        return None
    value = redacted(_bare(message))
    try:
        text = value if isinstance(value, str) else dumps(value)
    except CodecError:
        text = value = str(value)
    return value if len(text) <= characters else f"{text[:characters]}…"


def redacted(value: Any, depth: int = 0) -> Any:
    """The value with ``(hidden)`` in place of what stands under the name of a secret."""
    if depth == MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            name: HIDDEN if _SECRET.search(name) else redacted(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [redacted(item, depth + 1) for item in value]
    return value


def kind_of(message: Any) -> str:
    """The type of a stored message, such as ``Integer``."""
    return str(message["type"]) if _is_tagged(message) else "Object"


def _bare(message: Any) -> Any:
    if _is_tagged(message):
        return None if message["type"] in _NOT_SHOWN else message.get("data")
    if isinstance(message, dict):
        return {name: _bare(item) for name, item in message.items()}
    return message


def _is_tagged(message: Any) -> bool:
    return isinstance(message, dict) and isinstance(message.get("type"), str)
