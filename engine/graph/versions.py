"""Version constraints as Cargo and npm write them: ``^1.2``, ``~1.2``, ``>=1, <2``, ``1.*``."""

from __future__ import annotations

import re

_PART = re.compile(r"(\^|~|>=|<=|>|<|=)?\s*v?(\d{1,9}(?:\.\d{1,9}){0,2})?(\.[*xX])?([*xX])?")
_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,2})(?:[-+].*)?")


def satisfies(version: str, constraint: str) -> bool:
    """Whether a version is what a constraint asks for; what cannot be read satisfies nothing.

    A bare version means at least it and below the next breaking one, as ``^`` does.
    """
    parts = [part.strip() for part in constraint.split(",") if part.strip()]
    if not parts or parts == ["*"]:
        return True
    found = _VERSION.fullmatch(version.strip())
    return found is not None and all(_satisfies(_padded(found[1]), part) for part in parts)


def _satisfies(version: tuple[int, ...], part: str) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    if not found[2]:
        return bool(found[4])
    given = tuple(map(int, found[2].split(".")))
    wanted = _padded(found[2])
    match found[1]:
        case ">=":
            return version >= wanted
        case ">":
            return version > wanted
        case "<=":
            return version <= wanted
        case "<":
            return version < wanted
        case "=":
            return version[: len(given)] == given
        case "~":
            return version >= wanted and version[: min(2, len(given))] == given[:2]
        case _ if found[3]:
            return version[: len(given)] == given
        case _:
            return version >= wanted and version[: _fixed(given)] == wanted[: _fixed(given)]


def _fixed(given: tuple[int, ...]) -> int:
    """How many leading numbers may not change: up to the first that is not 0."""
    for place, number in enumerate(given, 1):
        if number:
            return place
    return len(given)


def _padded(text: str) -> tuple[int, ...]:
    numbers = [int(number) for number in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))
