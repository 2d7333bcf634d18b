"""A node's settings: from JSON to the frozen ``Config`` of its actor, every problem at once."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import Enum, StrEnum
from functools import cache
from typing import Any, Final, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

from engine.errors import CodecError, ConfigError, Problem, nearest
from engine.messages import freeze
from engine.strict_json import parse_json

Coerce = Callable[[Any], Any]  # raises ValueError with what was expected


class Absent(Enum):
    """A setting that was not given, where null is a value of its own."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

# Words an editor writes beside the settings; never mistaken for a misspelt one.
LAYOUT_KEYS = frozenset(
    {
        "x",
        "y",
        "z",
        "w",
        "h",
        "label",
        "title",
        "subtitle",
        "icon",
        "variant",
        "shape",
        "size",
        "description",
        "color",
        "position",
        "width",
        "height",
        "ports",
        "zeal",
        "properties",
        "propertyValues",
        "propertyRules",
        "env_vars",
        "category",
        "templateId",
        "metadata",
        "policy",
        "shard",
    }
)


def setting(
    default: Any = MISSING,
    *,
    key: str = "",
    aliases: tuple[str, ...] = (),
    help: str = "",  # noqa: A002 -- the word that Port uses too
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """One field of a ``Config`` that says more than its type.

    Args:
        default: a message value; lists and dicts are frozen. ``ABSENT`` where null is a value
            and must be told from nothing given. Without a default the setting is required.
        key: the name in JSON, if it is not the field's own (``delayMs`` for ``delay_ms``).
        aliases: further names in JSON, tried after ``key``.
        minimum: the least number that is taken; ``maximum`` the greatest.
    """
    metadata = {
        "key": key,
        "aliases": aliases,
        "help": help,
        "minimum": minimum,
        "maximum": maximum,
    }
    if default is MISSING:
        return field(metadata=metadata)
    frozen = default if default is ABSENT else freeze(default)
    if isinstance(frozen, (list, dict)):  # dataclasses take these for mutable
        return field(default_factory=lambda: frozen, metadata=metadata)
    return field(default=frozen, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting of an actor, for its checks and for an editor's form."""

    field: str
    key: str
    names: tuple[str, ...]  # key, the field's name, aliases
    type: str
    coerce: Coerce
    required: bool
    default: Any
    help: str
    choices: tuple[str, ...]
    minimum: float | None = None
    maximum: float | None = None


@cache
def settings_of(config_class: type) -> tuple[Setting, ...]:
    """The settings of a ``Config`` class, in order.

    Raises:
        TypeError: a field has a type that no JSON value can become.
    """
    hints = get_type_hints(config_class)
    return tuple(_setting(item, hints[item.name]) for item in fields(config_class))


def _setting(item: Field[Any], hint: Any) -> Setting:
    key = item.metadata.get("key") or item.name
    names = dict.fromkeys((key, item.name, *item.metadata.get("aliases", ())))
    factory = item.default_factory
    default = item.default if factory is MISSING else factory()
    return Setting(
        field=item.name,
        key=key,
        names=tuple(names),
        type=_type_name(hint),
        coerce=_bounded(_coercer(hint), item.metadata.get("minimum"), item.metadata.get("maximum")),
        required=default is MISSING,
        default=None if default in (MISSING, ABSENT) else default,
        help=item.metadata.get("help", ""),
        choices=_choices(hint),
        minimum=item.metadata.get("minimum"),
        maximum=item.metadata.get("maximum"),
    )


def build_config(config_class: type, raw: Mapping[str, Any], *, node: str = "") -> Any:
    """Make the ``Config`` of a node from its metadata.

    A key is looked for at the top level, then in ``propertyValues``, then as the
    ``defaultValue`` of ``properties``, as editors store them.

    Raises:
        ConfigError: with one problem for each setting that is missing or wrong.
    """
    values, problems = {}, []
    for item in settings_of(config_class):
        given = _find(raw, item.names)
        if given is MISSING:
            if item.required:
                problems.append(_problem(node, item.key, "is required", item.help))
            continue
        try:
            values[item.field] = item.coerce(given)
        except ValueError as error:
            problems.append(_problem(node, item.key, str(error), item.help))
    if problems:
        raise ConfigError(problems)
    try:
        return config_class(**values)
    except (ValueError, TypeError) as error:  # a rule over several settings, in __post_init__
        raise ConfigError([_problem(node, "", str(error), "")]) from error


def unknown_settings(
    config_class: type, raw: Mapping[str, Any], *, node: str = ""
) -> list[Problem]:
    """A problem for each top-level key that is neither a setting nor an editor's word."""
    known = [name for item in settings_of(config_class) for name in item.names]
    return [
        _problem(node, key, "is not a setting of this component", nearest(key, known))
        for key in raw
        if key not in known and key not in LAYOUT_KEYS
    ]


def _problem(node: str, key: str, message: str, hint: str) -> Problem:
    where = f"node {node!r}: config{f'.{key}' if key else ''}"
    return Problem(where=where, message=message, code="config_invalid", node=node, hint=hint)


def _find(raw: Mapping[str, Any], names: Sequence[str]) -> Any:
    for source in (raw, raw.get("propertyValues")):
        if isinstance(source, Mapping):
            for name in names:
                if name in source:
                    return source[name]
    properties = raw.get("properties")
    if isinstance(properties, Mapping):
        for name in names:
            described = properties.get(name)
            if isinstance(described, Mapping) and "defaultValue" in described:
                return described["defaultValue"]
    return MISSING


def _bounded(coerce: Coerce, minimum: float | None, maximum: float | None) -> Coerce:
    if minimum is None and maximum is None:
        return coerce

    def within(value: Any) -> Any:
        number = coerce(value)
        if minimum is not None and number < minimum:
            raise ValueError(f"must be at least {minimum:g}, not {number!r}")
        if maximum is not None and number > maximum:
            raise ValueError(f"must be at most {maximum:g}, not {number!r}")
        return number

    return within


def _coercer(hint: Any) -> Coerce:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin = get_origin(hint)
    if origin is Literal:
        return _member(get_args(hint))
    if origin in (Union, types.UnionType):
        return _optional([_coercer(part) for part in get_args(hint) if part is not type(None)])
    if origin in (tuple, list):
        return _items(_coercer(get_args(hint)[0]), origin)
    if origin in (dict, Mapping):
        return _object
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        member = _member(tuple(str(item) for item in hint))
        return lambda value: hint(member(value))
    if hasattr(hint, "from_setting"):  # compiles itself: a Pattern, an Expression
        return hint.from_setting  # type: ignore[no-any-return]
    raise TypeError(f"no JSON value can become {hint!r}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {value!r}")  # noqa: TRY004 -- one error for all
    return value


def _whole(value: Any) -> int:
    number = _number(value, "a whole number")
    if number != int(number):
        raise ValueError(f"must be a whole number, not {value!r}")
    return int(number)


def _float(value: Any) -> float:
    return float(_number(value, "a number"))


def _number(value: Any, expected: str) -> int | float:
    if isinstance(value, str):
        value = read_number(value)
    if is_number(value):
        return value
    raise ValueError(f"must be {expected}, not {value!r}")


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a finite number, and a whole one within i64."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, float) and math.isfinite(value)


def read_number(text: str) -> Any:
    """The number that a text says; the text itself if it says none."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _bool(value: Any) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")  # noqa: TRY004 -- one error for all
    return value


def _object(value: Any) -> Any:
    value = _read_json(value)
    if not isinstance(value, Mapping):
        raise ValueError(f"must be an object, not {value!r}")  # noqa: TRY004 -- one error for all
    return freeze(dict(value))


def _array(value: Any) -> Any:
    value = _read_json(value)
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"must be a list, not {value!r}")  # noqa: TRY004 -- one error for all
    return freeze(value)


def _read_json(value: Any) -> Any:
    """The list or object that a text says: editors keep what was typed in a field of code."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return parse_json(value)
    except CodecError as error:
        raise ValueError(f"is no proper JSON: {error}") from error


def _member(members: tuple[Any, ...]) -> Coerce:
    def check(value: Any) -> Any:
        if value not in members:
            hint = nearest(str(value), map(str, members))
            raise ValueError(f"{value!r} is unknown: {hint or f'one of {members}'}")
        return value

    return check


def _optional(coercers: list[Coerce]) -> Coerce:
    def first(value: Any) -> Any:
        if value is None:
            return None
        for coerce in coercers[:-1]:
            try:
                return coerce(value)
            except ValueError:
                continue
        return coercers[-1](value)

    return first


def _items(coerce: Coerce, kind: type) -> Coerce:
    return lambda value: kind(coerce(item) for item in _array(value))


_PLAIN: dict[Any, Coerce] = {
    Any: freeze,
    str: _text,
    int: _whole,
    float: _float,
    bool: _bool,
    dict: _object,
    list: _array,
}


def _choices(hint: Any) -> tuple[str, ...]:
    if get_origin(hint) is Literal:
        return tuple(map(str, get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return tuple(map(str, hint))
    if get_origin(hint) in (Union, types.UnionType):
        return next(filter(None, map(_choices, get_args(hint))), ())
    return tuple(getattr(hint, "choices", ()))


def _type_name(hint: Any) -> str:
    origin = get_origin(hint) or hint
    if origin is Literal or (isinstance(origin, type) and issubclass(origin, StrEnum)):
        return "string"
    if origin in (Union, types.UnionType):
        return _type_name(next(part for part in get_args(hint) if part is not type(None)))
    if hasattr(origin, "from_setting"):
        return str(getattr(origin, "json_type", "string"))
    names = {
        str: "string",
        int: "integer",
        float: "number",
        bool: "boolean",
        dict: "object",
        Mapping: "object",
        list: "array",
        tuple: "array",
    }
    return names.get(origin, "any" if origin is Any else "string")
