"""The expressions that need no script runtime: a field or path, and one compared with a constant.

They are written as JavaScript writes them: ``data`` (in filters also ``item``) is the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from engine.codec import parse_json
from engine.components.conditions import OPERATORS, Test, is_truthy_in_javascript
from engine.components.paths import ROOT, Path
from engine.errors import CodecError
from engine.messages import Message, freeze

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDS_RUNTIME = (
    "JavaScript expressions need the script runtime, which is not available yet; "
    "use a field name or path"
)
_NAME = r"[^\W\d][\w$]*"
_FIELD = re.compile(rf"{_NAME}(?:\.{_NAME}|\[\d+\])*")
_KEYWORDS = frozenset({"true", "false", "null", "undefined", "this", "NaN", "Infinity"})
_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_COMPARISON = re.compile(r"([^<>=!]+)(===|!==|==|!=|>=|<=|>|<)(.+)")
_COMPARISONS: Mapping[str, Test] = {
    "===": OPERATORS["is"],
    "==": OPERATORS["is"],
    "!==": OPERATORS["is_not"],
    "!=": OPERATORS["is_not"],
    ">": OPERATORS["greater_than"],
    ">=": OPERATORS["greater_equal"],
    "<": OPERATORS["less_than"],
    "<=": OPERATORS["less_equal"],
}


@dataclass(frozen=True, slots=True)
class FieldExpression:
    """``n``, ``a.b[0]``, ``data.n`` or ``data``: a part of a value, or the value itself."""

    path: Path

    @classmethod
    def parse(cls, text: Any, name: str, *, variables: tuple[str, ...] = ("data",)) -> Self:
        """Compile an expression of the setting ``name``.

        Raises:
            ValueError: it needs more than a field or path.
        """
        if not isinstance(text, str):
            raise ValueError(f"{name} must be a text, not {text!r}")
        placeholder = _PLACEHOLDER.fullmatch(text.strip())
        field = (placeholder[1] if placeholder else text).strip()
        if not _FIELD.fullmatch(field) or field in _KEYWORDS:
            raise ValueError(f"{name} {text!r}: {NEEDS_RUNTIME}")
        first = re.split(r"[.\[]", field, maxsplit=1)[0]
        if first in variables:
            field = field[len(first) :].removeprefix(".")
        return cls(Path.from_setting(field))

    def get(self, value: Message) -> Message:
        """The part of this value; None if there is none.

        ``data`` once more is the value itself, unless it has a key of that name: the original
        had to be asked for ``data.data``.
        """
        path = self.path
        if path.steps[:1] == ("data",) and not (isinstance(value, dict) and "data" in value):
            path = _without_first(path)
        found = path.get(value)
        if found is None and path.steps[-1:] == ("length",):
            whole = Path(steps=path.steps[:-1]).get(value)
            return len(whole) if isinstance(whole, (str, list)) else None
        return found


def _without_first(path: Path) -> Path:
    return Path(path.text[len("data") :].removeprefix("."), path.steps[1:]) if path else ROOT


@dataclass(frozen=True, slots=True)
class FilterExpression:
    """A field that is truthy, or that compares with a constant: ``item.n > 1``."""

    field: FieldExpression
    test: Test | None = None
    constant: Message = None

    @classmethod
    def parse(cls, text: Any, name: str) -> Self:
        """Compile the expression of a filter; ValueError says why it cannot be."""
        variables = ("data", "item")
        match = _COMPARISON.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            return cls(FieldExpression.parse(text, name, variables=variables))
        left, operator, right = match.groups()
        try:
            constant = literal(right)
            field = FieldExpression.parse(left, name, variables=variables)
        except ValueError:
            raise ValueError(f"{name} {text!r}: {NEEDS_RUNTIME}") from None
        return cls(field, _COMPARISONS[operator], constant)

    def holds(self, value: Message) -> bool:
        found = self.field.get(value)
        return (
            is_truthy_in_javascript(found) if self.test is None else self.test(found, self.constant)
        )


def literal(text: str) -> Message:
    """The value of a JSON literal, or of a text in single quotes.

    Raises:
        ValueError: it is neither.
    """
    text = text.strip()
    quoted = re.fullmatch(r"'([^'\\]*)'", text)
    if quoted:
        return quoted[1]
    try:
        return freeze(parse_json(text))
    except CodecError as error:
        raise ValueError(str(error)) from error
