"""How our values are written for Zeal: never null where a field may be left out, no U+0000."""

from __future__ import annotations

from typing import Any

from engine.codec import dumps

JsonObject = dict[str, Any]


def present(**fields: Any) -> JsonObject:
    """The fields that have a value: Zeal takes a null for a mistake."""
    return {name: value for name, value in fields.items() if value is not None}


def whole(number: float) -> int:
    """Milliseconds or bytes as Zeal stores them: a fraction, or 2^31 and more, is a 500 there."""
    return max(0, min(round(number), 2**31 - 1))


def body(value: Any) -> bytes:
    """A request's body. U+0000, which Zeal's database refuses, becomes U+FFFD."""
    return dumps(clean(value)).encode()


def clean(value: Any) -> Any:
    """The value without U+0000 and lone surrogates, in names too."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return {_clean_text(name): clean(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def _clean_text(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
