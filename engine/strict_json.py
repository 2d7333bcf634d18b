"""The one JSON parser of the product: strict, with limits that its errors name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from engine.errors import CodecError

INT_MIN, INT_MAX = -(2**63), 2**63 - 1  # Reflow's Integer is an i64

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_STRINGS_AND_LITERALS = re.compile(_STRING + rb"|[-+.\w]++", re.DOTALL)
_ESCAPES = re.compile(rb"\\.", re.DOTALL)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = [0] * 256
for _bracket, _step in zip(b"[{]}", (1, 1, -1, -1), strict=True):
    _STEP[_bracket] = _step
_ESCAPED_NUL_OR_SURROGATE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """What a JSON document may be at most; None is no limit.

    Args:
        depth: how many lists and objects may stand inside each other.
        object_keys: keys of one object; ``document_keys`` of all objects together.
        size_bytes: of the text in UTF-8.
        string_bytes: of one text, its escapes as they are written.
        number_digits: characters of one number.
        nul: whether texts may hold U+0000, which PostgreSQL cannot store.
    """

    depth: int = 64
    object_keys: int | None = 10_000
    document_keys: int | None = 1_000_000
    size_bytes: int | None = None
    string_bytes: int | None = None
    number_digits: int | None = 308
    nul: bool = False


JSON_LIMITS = JsonLimits()  # for everything that comes from outside
NO_SIZE_LIMITS = JsonLimits(object_keys=None, document_keys=None, number_digits=None)
OWN_TEXT = JsonLimits(  # what we wrote
    depth=500, object_keys=None, document_keys=None, number_digits=None, nul=True
)


class _RefusedLiteral(Exception):  # noqa: N818 -- never leaves this module
    """A number or word that JSON, or a message, has no room for."""

    def __init__(self, literal: str, reason: str) -> None:
        self.literal = literal
        self.reason = reason
        super().__init__(literal)


def parse_json(text: str | bytes, limits: JsonLimits = JSON_LIMITS) -> Any:
    """Parse one JSON document.

    Refused beyond what the format refuses: NaN and infinities (also as ``1e400``), whole numbers
    outside i64, a key twice in one object, lone surrogates, U+0000, and what ``limits`` says.

    Raises:
        CodecError: names the rule or limit, and the position where it is known.
    """
    raw = _utf8(text)
    if limits.size_bytes is not None and len(raw) > limits.size_bytes:
        raise CodecError(f"{len(raw)} bytes are too many (limit: size_bytes {limits.size_bytes})")
    _check_depth(raw, limits.depth)
    _check_strings(raw, limits.string_bytes)
    reader = _Reader(limits)
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=reader.object,
            parse_float=reader.float,
            parse_int=_int,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise CodecError(f"not JSON: {error.msg}{_position(raw.decode(), error.pos)}") from error
    except _RefusedLiteral as error:
        raise CodecError(f"{error.reason}{_where(raw, error.literal)}") from error
    except RecursionError as error:
        raise CodecError("nested too deeply for this process") from error
    if _ESCAPED_NUL_OR_SURROGATE.search(raw):  # seldom: only then are the texts worth a walk
        check_texts(value, nul=limits.nul)
    return value


def check_texts(value: Any, *, nul: bool = False) -> None:
    """Refuse lone surrogates, and U+0000 unless ``nul``, in texts and keys at any depth.

    Raises:
        CodecError: there is one.
    """
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str):
            if _SURROGATE.search(item):
                raise CodecError(f"the text {shown(item)} holds a lone surrogate")
            if "\0" in item and not nul:
                raise CodecError(f"the text {shown(item)} holds U+0000")


class _Reader:
    """Makes the objects and numbers of one document, and counts its keys."""

    __slots__ = ("_limits", "_seen")

    def __init__(self, limits: JsonLimits) -> None:
        self._limits = limits
        self._seen = 0

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        size, limits = len(pairs), self._limits
        if len(result) != size:
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise CodecError(f"the key {shown(twice)} stands twice in one object")
        if limits.object_keys is not None and size > limits.object_keys:
            text = f"an object has {size} keys (limit: object_keys {limits.object_keys})"
            raise CodecError(text)
        self._seen += size
        if limits.document_keys is not None and self._seen > limits.document_keys:
            raise CodecError(
                f"the document has too many keys (limit: document_keys {limits.document_keys})"
            )
        return result

    def float(self, literal: str) -> float:
        most = self._limits.number_digits
        if most is not None and len(literal) > most:
            reason = f"a number has {len(literal)} characters (limit: number_digits {most})"
            raise _RefusedLiteral(literal, reason)
        number = float(literal)
        if number in (float("inf"), float("-inf")):
            raise _RefusedLiteral(literal, f"the number {literal[:40]} is too large for a float")
        return number


def _utf8(text: str | bytes) -> bytes:
    if isinstance(text, str):
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise CodecError(f"a lone surrogate{_position(text, error.start)}") from error
    try:
        bytes(text).decode()
    except UnicodeDecodeError as error:
        raise CodecError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    return bytes(text)


def _check_depth(raw: bytes, limit: int) -> None:
    """Scanned before parsing, so that no nesting can exhaust the stack."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return
    unescaped = _ESCAPES.sub(b"", raw) if b"\\" in raw else raw
    outside_of_texts = b"".join(unescaped.split(b'"')[::2])
    brackets = outside_of_texts.translate(None, _ALL_BUT_BRACKETS)
    depths = accumulate(map(_STEP.__getitem__, brackets))
    if max(depths, default=0) > limit:
        position = _depth_position(raw, limit)
        raise CodecError(f"nested too deeply (limit: depth {limit}){position}")


def _check_strings(raw: bytes, limit: int | None) -> None:
    if limit is None or len(raw) <= limit:
        return
    unescaped = _ESCAPES.sub(b"..", raw) if b"\\" in raw else raw
    longest = max(map(len, unescaped.split(b'"')[1::2]), default=0)
    if longest > limit:
        raise CodecError(f"a text has {longest} bytes (limit: string_bytes {limit})")


def _depth_position(raw: bytes, limit: int) -> str:
    depth = 0
    for match in re.finditer(rb"[\[\]{}]|" + _STRING, raw, re.DOTALL):
        depth += _STEP[raw[match.start()]]
        if depth > limit:
            return _position(raw.decode(), len(raw[: match.start()].decode()))
    return ""


def _where(raw: bytes, literal: str) -> str:
    """The position of a literal that stands outside of texts."""
    wanted = literal.encode()
    for match in _STRINGS_AND_LITERALS.finditer(raw):
        if match.group() == wanted:
            return _position(raw.decode(), len(raw[: match.start()].decode()))
    return ""


def _position(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f" at line {line}, column {offset - text.rfind(chr(10), 0, offset)}"


def _int(literal: str) -> int:
    if len(literal) < 19:
        return int(literal)
    number = int(literal) if len(literal) < 30 else INT_MAX + 1
    if not INT_MIN <= number <= INT_MAX:
        raise _RefusedLiteral(literal, f"the whole number {literal[:40]} is outside i64")
    return number


def _constant(literal: str) -> Any:
    raise _RefusedLiteral(literal, f"{literal} is not JSON")


def shown(value: Any) -> str:
    """A value for an error message: short, whatever it is."""
    if isinstance(value, (dict, list, tuple)):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**40:  # Python may refuse to write it out
        return f"a whole number of {value.bit_length()} bits"
    text = repr(value[:60] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
