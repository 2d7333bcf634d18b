"""YAML as another spelling of JSON: the same values, the same strictness, no surprises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from engine.errors import CodecError
from engine.strict_json import JSON_LIMITS

MOST_COPIES = 1_000_000  # values and characters that aliases may add to a document

_WORDS: dict[str, bool | None] = {"": None, "~": None}
for _word, _meaning in (("null", None), ("true", True), ("false", False)):
    _WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _meaning)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def parse_yaml(text: str | bytes) -> Any:
    """The JSON value of one YAML document.

    Words and numbers are read as YAML 1.2's core schema says: ``no`` and ``on`` are texts. Tags are
    refused, keys are texts, and a key may stand once. An alias is a copy; copies are counted, so a
    small document cannot grow into a huge one.

    Raises:
        CodecError: it is no YAML, or beyond a limit, which is named.
    """
    yaml = import_module("yaml")  # only who reads or writes YAML pays for it
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(type(event).__name__, event)
    except yaml.YAMLError as error:
        raise CodecError(f"is no YAML: {' '.join(str(error).split())}") from error
    except UnicodeDecodeError as error:
        raise CodecError(f"is no YAML: {error}") from error
    return builder.result()


def dump_yaml(value: Any) -> str:
    """Plain JSON values as YAML; reading it gives the same values, int and float apart."""
    yaml = import_module("yaml")
    text: str = yaml.dump(
        value,
        Dumper=_dumper(),
        sort_keys=True,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )
    return text


@cache
def _dumper() -> Any:
    """A safe dumper that quotes every text which this module, too, would take for a number."""
    yaml = import_module("yaml")
    base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    dumper = type("_Dumper", (base,), {})
    dumper.add_implicit_resolver(  # type: ignore[attr-defined] # of the base class, which is Any
        "tag:yaml.org,2002:float", re.compile(f"^(?:{_NUMBER.pattern})$"), list("-+.0123456789")
    )
    return dumper


@dataclass(slots=True)
class _Open:
    """A list or object whose end has not come yet."""

    value: list[Any] | dict[str, Any]
    anchor: str | None
    size_before: int
    key: str | None = None


class _Builder:
    """Builds the value from the events of the parser, without recursion."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._documents: list[Any] = []
        self._anchors: dict[str, tuple[Any, int]] = {}  # with the size of each value
        self._size = 0
        self._copied = 0

    def take(self, kind: str, event: Any) -> None:
        match kind:
            case "ScalarEvent":
                self._scalar(event)
            case "SequenceStartEvent":
                self._start([], event)
            case "MappingStartEvent":
                self._start({}, event)
            case "SequenceEndEvent" | "MappingEndEvent":
                ended = self._open.pop()
                self._finished(ended.value, ended.anchor, self._size - ended.size_before)
            case "AliasEvent":
                self._alias(event)

    def result(self) -> Any:
        if len(self._documents) != 1:
            raise CodecError(f"must be one YAML document, not {len(self._documents)}")
        return self._documents[0]

    def _start(self, value: list[Any] | dict[str, Any], event: Any) -> None:
        _refuse_tag(event)
        limit = JSON_LIMITS.depth
        if len(self._open) >= limit:
            raise CodecError(f"is nested deeper than {limit} (limit: depth){_at(event)}")
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise CodecError(f"a key must be a text{_at(event)}")
        self._open.append(_Open(value, event.anchor, self._size))
        self._size += 1

    def _scalar(self, event: Any) -> None:
        _refuse_tag(event)
        size = 1 + len(event.value)
        self._size += size
        here = self._open[-1] if self._open else None
        if here is not None and isinstance(here.value, dict) and here.key is None:
            if event.value == "<<" and event.implicit[0]:
                raise CodecError(f"merge keys are refused: write the keys out{_at(event)}")
            if event.value in here.value:
                raise CodecError(f"the key {event.value!r} stands twice{_at(event)}")
            here.key = event.value
            if event.anchor:
                self._anchors[event.anchor] = (event.value, size)
            return
        plain = event.implicit[0]  # not quoted
        value = _plain(event.value) if plain else event.value
        self._finished(value, event.anchor, size)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise CodecError(f"nothing is anchored as {event.anchor!r}{_at(event)}")
        value, size = self._anchors[event.anchor]
        self._size += size
        self._copied += size
        if self._copied > MOST_COPIES:
            text = f"its aliases add more than {MOST_COPIES} values and characters"
            raise CodecError(f"{text} (limit: aliases)")
        here = self._open[-1]
        if isinstance(here.value, dict) and here.key is None:
            raise CodecError(f"a key must be a text, not an alias{_at(event)}")
        self._finished(value, None, size)

    def _finished(self, value: Any, anchor: str | None, size: int) -> None:
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self._documents.append(value)
            return
        here = self._open[-1]
        if isinstance(here.value, list):
            here.value.append(value)
        elif here.key is not None:
            here.value[here.key] = value
            here.key = None


def _plain(text: str) -> Any:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        if len(text) > 20:
            raise CodecError(f"{text[:20]}... is outside i64")
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _refuse_tag(event: Any) -> None:
    if event.tag is not None and event.tag != "!":
        raise CodecError(f"the tag {event.tag!r} is refused{_at(event)}")


def _at(event: Any) -> str:
    return f" (line {event.start_mark.line + 1})"
