"""JSON text of messages and documents: compact, and refusing what no reader could read back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.errors import CodecError
from engine.messages import (
    AnyValue,
    Encoded,
    ErrorValue,
    Event,
    Flow,
    OptionalValue,
    RemoteReference,
    StreamHandle,
)
from engine.strict_json import INT_MAX, INT_MIN, shown

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG_NUMBER = re.compile("[1-9][0-9]{18}")  # twice as fast as "\d{19}"
_MOST_EXAMINED = 10_000_000  # a plain list that contains itself would never end


def dumps(value: Any, *, sort_keys: bool = False) -> str:
    """Compact JSON text of a message's bare value, or of any JSON value.

    Bytes are written as a list of numbers and a wrapper as its bare value, at any depth.

    Raises:
        CodecError: a value that JSON, i64 or UTF-8 has no room for; names it and its place.
    """
    encoder = _SORTED if sort_keys else _COMPACT
    try:
        text = encoder.encode(value)
        if not text.isascii():
            text.encode()  # a lone surrogate has no UTF-8
    except RecursionError as error:
        raise CodecError("nested too deeply to be written") from error
    except (ValueError, TypeError) as error:
        raise CodecError(unwritable(value) or f"cannot be written: {error}") from error
    if _LONG_NUMBER.search(text):  # perhaps outside i64: seldom, and only then worth a walk
        reason = unwritable(value)
        if reason:
            raise CodecError(reason)
    return text


def bare(message: Any) -> Any:
    """A message without its tag; what is inside it may still be bytes or a wrapper."""
    write = _WRITERS.get(type(message))
    return message if write is None else write(message)


def bare_or_refuse(value: Any) -> Any:
    """For encoders: what is no JSON by itself.

    Raises:
        TypeError: it is no message either.
    """
    if type(value) not in _WRITERS:
        raise TypeError(f"{type(value).__name__} is not a message")
    return bare(value)


def unwritable(value: Any) -> str:
    """The path of the first value that cannot be written, and why; empty if all can."""
    stack = [("", value)]
    for _ in range(_MOST_EXAMINED):
        if not stack:
            break
        path, item = stack.pop()
        reason = ""
        if isinstance(item, Mapping):
            reason = next(filter(None, map(_wrong_key, item)), "")
            stack.extend((f"{path}.{key}", part) for key, part in item.items())
        elif isinstance(item, (list, tuple)):
            stack.extend((f"{path}[{index}]", part) for index, part in enumerate(item))
        elif type(item) in _WRITERS:
            inner = bare(item)
            if not isinstance(item, (bytes, Encoded)):
                stack.append((path, inner))
        else:
            reason = wrong_scalar(item)
        if reason:
            return f"{path.lstrip('.')}: {reason}" if path else reason
    return ""


def wrong_scalar(item: Any) -> str:
    """Why a value that is no container cannot be written; empty if it can."""
    if item is None or isinstance(item, bool):
        return ""
    if isinstance(item, float):
        return "" if math.isfinite(item) else f"{item!r} is not a finite number"
    if isinstance(item, int):
        return "" if INT_MIN <= item <= INT_MAX else f"{shown(item)} is outside i64"
    if isinstance(item, str):
        try:
            item.encode()
        except UnicodeEncodeError:
            return f"the text {shown(item)} holds a lone surrogate"
        return ""
    return "" if type(item) in _WRITERS else f"{type(item).__name__} is not a message"


def _wrong_key(key: object) -> str:
    return wrong_scalar(key) if isinstance(key, str) else f"the key {shown(key)} is not a text"


_WRITERS: dict[type, Callable[[Any], Any]] = {
    bytes: list,
    Flow: lambda _: "flow",  # as the original shows it in events
    ErrorValue: lambda error: error.message,
    Event: lambda event: event.value,
    AnyValue: lambda wrapper: wrapper.value,
    OptionalValue: lambda wrapper: wrapper.value,
    Encoded: lambda encoded: list(encoded.data),
    StreamHandle: asdict,
    RemoteReference: asdict,
}


def _encoder(*, sort_keys: bool) -> json.JSONEncoder:
    return json.JSONEncoder(
        ensure_ascii=False,
        allow_nan=False,
        check_circular=False,  # ends in RecursionError, as any other depth
        separators=(",", ":"),
        sort_keys=sort_keys,
        default=bare_or_refuse,
    )


_COMPACT, _SORTED = _encoder(sort_keys=False), _encoder(sort_keys=True)
