"""From the tagged JSON form to a message: what each tag takes, and what it refuses."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import CodecError, MessageError, nearest
from engine.json_writing import dumps, wrong_scalar
from engine.messages import (
    FLOW,
    AnyValue,
    Encoded,
    ErrorValue,
    Event,
    Flow,
    Message,
    OptionalValue,
    RemoteReference,
    StreamHandle,
    freeze,
)
from engine.strict_json import INT_MAX, shown

if TYPE_CHECKING:
    from collections.abc import Callable


class _UnfitError(Exception):
    """The data does not fit the type; never leaves this module."""


def decode(tagged: Any) -> Message:
    """The message that a tagged form stands for.

    ``Null`` and ``Binary`` are read beside Reflow's tags, and bytes also as base64 text.

    Raises:
        CodecError: it is not ``{"type", "data"}``, or the data does not fit the type.
    """
    if not isinstance(tagged, Mapping) or not isinstance(tagged.get("type"), str):
        raise CodecError('a message is an object such as {"type": "Integer", "data": 1}')
    tag = tagged["type"]
    read = READERS.get(tag)
    if read is None:
        hint = nearest(tag[:80], READERS)
        raise CodecError(f"unknown message type {shown(tag)}{f': {hint}' if hint else ''}")
    extra = sorted(shown(key) for key in tagged if key not in ("type", "data"))
    if extra:
        raise CodecError(f"a message has only type and data, not {', '.join(extra)}")
    if "data" not in tagged and tag not in _WITHOUT_DATA:
        raise CodecError(f"a message of type {tag} needs data")
    try:
        return read(tagged.get("data"))
    except (_UnfitError, MessageError, CodecError) as error:
        raise CodecError(f"{tag}: {error}") from error


def is_tagged(value: Any) -> bool:
    """Whether this JSON value is a tagged message, and not a bare value."""
    if not isinstance(value, Mapping):
        return False
    tag = value.get("type")
    if len(value) == 1:
        return bool(tag == "Flow")
    return value.keys() == {"type", "data"} and isinstance(tag, str) and tag in READERS


def read_bare(value: Any) -> Message:
    """The message for a bare JSON value: frozen, and checked all the way down.

    Raises:
        CodecError: it cannot be a message.
    """
    try:
        return _json_value(value)
    except (_UnfitError, MessageError) as error:
        raise CodecError(str(error)) from error


def _json_value(value: Any) -> Message:
    if isinstance(value, (dict, list, tuple)):
        frozen = freeze(value)
        dumps(frozen)  # refuses at C speed, by name, what has no wire form
        return frozen
    reason = wrong_scalar(value)
    if reason:
        raise _UnfitError(reason)
    return freeze(value)


def _fits(kind: type, expected: str) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
            raise _UnfitError(f"needs {expected}, not {shown(data)}")
        return _json_value(data)

    return read


def _float(data: Any) -> float:
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        raise _UnfitError(f"needs a number, not {shown(data)}")
    try:
        number = float(data)
    except OverflowError as error:
        raise _UnfitError(f"{shown(data)} is too large for a float") from error
    if not math.isfinite(number):
        raise _UnfitError(f"{number!r} is not a finite number")
    return number


def _bytes(data: Any) -> bytes:
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    if isinstance(data, str):
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _UnfitError(f"is not base64: {error}") from error
    if not isinstance(data, list) or any(type(item) is not int for item in data):
        raise _UnfitError(f"needs a list of numbers 0 to 255, or base64 text, not {shown(data)}")
    try:
        return bytes(data)
    except (ValueError, OverflowError) as error:
        raise _UnfitError("needs numbers from 0 to 255") from error


def _nothing(data: Any) -> None:
    if data is not None:
        raise _UnfitError(f"has no data, not {shown(data)}")


def _flow(data: Any) -> Flow:
    _nothing(data)
    return FLOW


def _optional(data: Any) -> OptionalValue | None:
    return None if data is None else OptionalValue(_json_value(data))


def _stream(data: Any) -> StreamHandle:
    fields = _record(data, ("stream_id", "origin_actor", "origin_port"))
    content_type, size_hint = fields.get("content_type"), fields.get("size_hint")
    return StreamHandle(
        stream_id=_unsigned("stream_id", fields["stream_id"]),
        origin_actor=_text("origin_actor", fields["origin_actor"]),
        origin_port=_text("origin_port", fields["origin_port"]),
        content_type=None if content_type is None else _text("content_type", content_type),
        size_hint=None if size_hint is None else _unsigned("size_hint", size_hint),
    )


def _remote(data: Any) -> RemoteReference:
    names = ("network_id", "actor_id", "port")
    fields = _record(data, names)
    return RemoteReference(*(_text(name, fields[name]) for name in names))


def _record(data: Any, required: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise _UnfitError(f"needs an object, not {shown(data)}")
    missing = [name for name in required if name not in data]
    if missing:
        raise _UnfitError(f"needs {', '.join(missing)}")
    return data


def _unsigned(name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= INT_MAX:
        raise _UnfitError(f"{name} needs a whole number from 0, not {shown(value)}")
    return value


def _text(name: str, value: Any) -> str:
    reason = wrong_scalar(value) if isinstance(value, str) else f"needs a text, not {shown(value)}"
    if reason:
        raise _UnfitError(f"{name}: {reason}")
    return str(value)


_string = _fits(str, "a text")

READERS: dict[str, Callable[[Any], Message]] = {
    "Flow": _flow,
    "Event": lambda data: Event(_json_value(data)),
    "Boolean": _fits(bool, "true or false"),
    "Integer": _fits(int, "a whole number"),
    "Float": _float,
    "String": _string,
    "Object": _fits(dict, "an object"),
    "Array": _fits(list, "a list"),
    "Bytes": _bytes,
    "Binary": _bytes,  # the architecture overview's name
    "Encoded": lambda data: Encoded(_bytes(data)),
    "Stream": _stream,
    "StreamHandle": _stream,
    "Optional": _optional,
    "Null": _nothing,  # the architecture overview's name
    "Any": lambda data: AnyValue(_json_value(data)),
    "Error": lambda data: ErrorValue(_string(data)),
    "RemoteReference": _remote,
}
_WITHOUT_DATA = frozenset({"Flow", "Optional", "Null"})
