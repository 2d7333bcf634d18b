"""Messages as Reflow's tagged JSON and back; the parser and writer that go with it.

Only the outermost value has a tag. Inside ``Object`` and ``Array`` the values are bare JSON:
bytes in there are written as a list of numbers, a wrapper (an Error, a Flow) as its bare value.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from engine.errors import CodecError
from engine.json_writing import bare, bare_or_refuse, dumps
from engine.message_reading import decode, is_tagged, read_bare
from engine.messages import AnyValue, Encoded, Flow, Message, type_name
from engine.strict_json import JSON_LIMITS, OWN_TEXT, JsonLimits, parse_json

__all__ = [
    "JSON_LIMITS",
    "OWN_TEXT",
    "JsonLimits",
    "decode",
    "dumps",
    "encode",
    "from_json",
    "from_wire",
    "is_tagged",
    "parse_json",
    "size_of",
    "to_json",
    "to_plain",
]

_FLOW_JSON = '{"type":"Flow"}'
_QUICK = msgspec.json.Encoder(enc_hook=bare_or_refuse)


def encode(message: Message) -> dict[str, Any]:
    """The tagged form of a message, all the way down plain JSON values.

    Raises:
        CodecError: an int outside i64 or a float that is not finite; names it.
    """
    tagged: dict[str, Any] = json.loads(to_json(message))
    return tagged


def to_json(message: Message) -> str:
    """The tagged form as compact JSON text.

    Raises:
        CodecError: as for ``encode``.
    """
    if isinstance(message, Flow):
        return _FLOW_JSON
    return f'{{"type":"{_tag(message)}","data":{dumps(bare(message))}}}'


def from_json(text: str | bytes) -> Message:
    """The message of a text that ``to_json`` wrote; equal to it, in value and type.

    Raises:
        CodecError: the text is no such message.
    """
    return decode(parse_json(text, OWN_TEXT))


def from_wire(value: Any) -> Message:
    """The message for a value of an initial packet or of a run's ``input``.

    A tagged message is decoded (an ``Any`` is its value), anything else is the bare JSON value
    itself. ``{"type": "Object", "data": {...}}`` escapes an object that looks like a message.

    Raises:
        CodecError: the data does not fit its tag, or the value cannot be a message.
    """
    if not is_tagged(value):
        return read_bare(value)
    message = decode(value)
    return message.value if isinstance(message, AnyValue) else message


def to_plain(message: Message) -> Any:
    """The bare JSON value of a message, as the original shows it in events and results.

    Raises:
        CodecError: as for ``encode``.
    """
    return json.loads(dumps(message))


def size_of(message: Message) -> int:
    """Bytes of the wire form, quickly; bytes inside it and tiny floats are estimated.

    Never raises: a value that cannot be written counts with an estimate.
    """
    if isinstance(message, Flow):
        return len(_FLOW_JSON)
    overhead = 19 + len(_tag(message))  # {"type":"","data":}
    if isinstance(message, (bytes, Encoded)):
        return overhead + _size_of_bytes(message if isinstance(message, bytes) else message.data)
    try:
        return overhead + len(_QUICK.encode(bare(message)))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return overhead + _ESTIMATE


_ESTIMATE = 64  # bytes


def _tag(message: Message) -> str:
    try:
        return type_name(message)
    except KeyError:
        raise CodecError(f"{type(message).__name__} is not a message") from None


def _size_of_bytes(data: bytes) -> int:
    """Of ``[0,255]``: the digits, the commas, the brackets."""
    one, two = _count(data, 0, 10), _count(data, 10, 100)
    digits = one + 2 * two + 3 * (len(data) - one - two)
    return digits + max(len(data) - 1, 0) + 2


def _count(data: bytes, start: int, end: int) -> int:
    return len(data) - len(data.translate(None, bytes(range(start, end))))
