"""Typed access to the fields of a parsed document; what is of the wrong kind is collected."""

from __future__ import annotations

from typing import Any, TypeVar

from engine.errors import Problem
from engine.graph.elements import NOTHING
from engine.messages import FrozenDict, freeze

_T = TypeVar("_T")


class Fields:
    """Reads fields; a missing one gets its default, a wrong one is a problem and gets it too."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, where: str, message: str, *, node: str = "", hint: str = "") -> None:
        self.problems.append(Problem(where, message, "malformed", node=node, hint=hint))

    def object(self, holder: dict[str, Any], key: str, where: str = "") -> dict[str, Any]:
        return self._of_kind(holder, key, where, {})

    def list(self, holder: dict[str, Any], key: str, where: str = "") -> list[Any]:
        return self._of_kind(holder, key, where, [])

    def text(self, holder: dict[str, Any], key: str, where: str) -> str:
        return self._of_kind(holder, key, where, "")

    def flag(self, holder: dict[str, Any], key: str, where: str = "") -> bool:
        return self._of_kind(holder, key, where, default=False)

    def metadata(self, holder: dict[str, Any], where: str) -> FrozenDict | None:
        """The field ``metadata``, frozen; null and missing are None."""
        if holder.get("metadata") is None:
            return None
        frozen: FrozenDict = freeze(self.object(holder, "metadata", where))
        return frozen

    def index(self, holder: dict[str, Any], where: str) -> int | None:
        value = holder.get("index")
        if value is None or type(value) is int:
            return value
        self.wrong(f"{where}.index", f"must be a whole number, not {kind_of(value)}")
        return None

    def _of_kind(self, holder: dict[str, Any], key: str, where: str, default: _T) -> _T:
        value = holder.get(key)
        if type(value) is type(default):
            found: _T = value
            return found
        if value is not None:
            place = f"{where}.{key}" if where else key
            self.wrong(place, f"must be {kind_of(default)}, not {kind_of(value)}")
        return default


def unknown_keys(holder: dict[str, Any], known: frozenset[str]) -> FrozenDict:
    """What a document says beyond what Reflow knows; it survives load and save."""
    if holder.keys() <= known:
        return NOTHING
    return FrozenDict((key, freeze(value)) for key, value in holder.items() if key not in known)


def kind_of(value: Any) -> str:
    """What a JSON value is, for an error message."""
    return "null" if value is None else _KINDS.get(type(value), type(value).__name__)


_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    dict: "an object",
    list: "a list",
}
