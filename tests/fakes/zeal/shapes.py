"""Checks of bodies that answer as Zeal's do: a list of details, one for each mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from tests.fakes.zeal.http import Json

Path: TypeAlias = list[str | int]
Shape: TypeAlias = Callable[[Any, Path, list[Json]], Any]  # gives the value without unknown keys


class Missing:
    """What a field that was not sent has for a value."""


MISSING = Missing()


def kind(value: Any) -> str:
    """What JavaScript calls it."""
    if isinstance(value, Missing):
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names[type(value)]


def _typed(expected: str) -> Shape:
    def check(value: Any, path: Path, problems: list[Json]) -> Any:
        if kind(value) != expected:
            problems.append(_wrong_type(expected, value, path))
        return value

    return check


def _wrong_type(expected: str, value: Any, path: Path) -> Json:
    received = kind(value)
    message = "Required" if received == "undefined" else f"Expected {expected}, received {received}"
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "path": path,
        "message": message,
    }


text = _typed("string")
number = _typed("number")
boolean = _typed("boolean")


def anything(value: Any, _path: Path, _problems: list[Json]) -> Any:
    return None if isinstance(value, Missing) else value


def matching(pattern: str) -> Shape:
    def check(value: Any, path: Path, problems: list[Json]) -> Any:
        if kind(value) != "string":
            problems.append(_wrong_type("string", value, path))
        elif not re.search(pattern, value):
            problems.append(_invalid("regex", path, "Invalid"))
        return value

    return check


def address(value: Any, path: Path, problems: list[Json]) -> Any:
    """An absolute URL."""
    if kind(value) != "string":
        problems.append(_wrong_type("string", value, path))
    elif not (urlsplit(value).scheme and urlsplit(value).netloc):
        problems.append(_invalid("url", path, "Invalid url"))
    return value


def _invalid(validation: str, path: Path, message: str) -> Json:
    return {"validation": validation, "code": "invalid_string", "message": message, "path": path}


def choice(*options: str) -> Shape:
    expected = " | ".join(f"'{option}'" for option in options)

    def check(value: Any, path: Path, problems: list[Json]) -> Any:
        if kind(value) != "string":
            problems.append(_wrong_type(expected, value, path))
        elif value not in options:
            problems.append(
                {
                    "received": value,
                    "code": "invalid_enum_value",
                    "options": list(options),
                    "path": path,
                    "message": f"Invalid enum value. Expected {expected}, received '{value}'",
                }
            )
        return value

    return check


def listing(item: Shape, least: int = 0) -> Shape:
    def check(value: Any, path: Path, problems: list[Json]) -> Any:
        if not isinstance(value, list):
            problems.append(_wrong_type("array", value, path))
            return value
        if len(value) < least:
            message = f"Array must contain at least {least} element(s)"
            problems.append(
                {"code": "too_small", "minimum": least, "path": path, "message": message}
            )
        return [item(each, [*path, index], problems) for index, each in enumerate(value)]

    return check


def mapping(item: Shape = anything) -> Shape:
    def check(value: Any, path: Path, problems: list[Json]) -> Any:
        if not isinstance(value, dict):
            problems.append(_wrong_type("object", value, path))
            return value
        return {name: item(each, [*path, name], problems) for name, each in value.items()}

    return check


def record(needed: dict[str, Shape], optional: dict[str, Shape] | None = None) -> Shape:
    """An object. A field that may be left out must not be null; unknown ones are dropped."""
    fields = [(name, shape, True) for name, shape in needed.items()]
    fields += [(name, shape, False) for name, shape in (optional or {}).items()]

    def check(value: Any, path: Path, problems: list[Json]) -> Any:
        if not isinstance(value, dict):
            problems.append(_wrong_type("object", value, path))
            return value
        found = {}
        for name, shape, must in fields:
            if name in value or must:
                found[name] = shape(value.get(name, MISSING), [*path, name], problems)
        return found

    return check


def problems_of(shape: Shape, value: Any) -> tuple[Any, list[Json]]:
    problems: list[Json] = []
    return shape(value, [], problems), problems
