"""The rule operators that every testing component shares, and conditions made of them.

One table for ``tpl_if_branch``, ``tpl_filter``, the rules engine and state machine guards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Literal, Self, TypeAlias, get_args

from engine.components.paths import ROOT, Path
from engine.errors import nearest
from engine.messages import Message, OptionalValue, freeze

Operator: TypeAlias = Literal[
    "is",
    "is_not",
    "equals",
    "not_equals",
    "contains",
    "not_contains",
    "greater_than",
    "less_than",
    "greater_equal",
    "less_equal",
    "gt",
    "lt",
    "gte",
    "lte",
    "empty",
    "not_empty",
    "between",
    "in",
    "not_in",
]

Test: TypeAlias = Callable[[Any, Any], bool]  # (the value found, the value in the rule)


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """Equality of messages, all the way down: 1 equals 1.0, but neither "1" nor true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return bool(left == right)


def is_empty(value: Any) -> bool:
    """Null and what has no content: ``""``, ``[]``, ``{}``. 0 and false are not empty."""
    return value is None or (isinstance(value, (str, bytes, list, dict)) and not value)


def is_truthy(message: Message) -> bool:
    """True, a number that is not 0, and a text, list, object or bytes with content."""
    if isinstance(message, OptionalValue):
        return message.value is not None
    return isinstance(message, (bool, int, float, str, bytes, list, dict)) and bool(message)


def is_truthy_in_javascript(value: Any) -> bool:
    """All but null, false, 0 and ``""``: lists and objects are, without content too."""
    return isinstance(value, (list, dict)) or bool(value)


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, list) and any(equal(item, wanted) for item in value)


def _in(value: Any, choices: Any) -> bool:
    return _contains(choices, value) if isinstance(choices, list) else False


def _between(value: Any, bounds: Any) -> bool:
    if not (isinstance(bounds, list) and len(bounds) == 2):
        return False
    low, high = bounds
    return all(map(is_number, (value, low, high))) and bool(low <= value <= high)


def _ordered(compare: Callable[[Any, Any], bool]) -> Test:
    return lambda value, bound: is_number(value) and is_number(bound) and compare(value, bound)


def _negated(test: Test) -> Test:
    return lambda value, wanted: not test(value, wanted)


def _empty(value: Any, _unused: Any) -> bool:
    return is_empty(value)


OPERATORS: Mapping[str, Test] = {
    "is": equal,
    "equals": equal,
    "is_not": _negated(equal),
    "not_equals": _negated(equal),
    "contains": _contains,
    "not_contains": _negated(_contains),
    "greater_than": _ordered(gt),
    "gt": _ordered(gt),
    "less_than": _ordered(lt),
    "lt": _ordered(lt),
    "greater_equal": _ordered(ge),
    "gte": _ordered(ge),
    "less_equal": _ordered(le),
    "lte": _ordered(le),
    "empty": _empty,
    "not_empty": _negated(_empty),
    "between": _between,
    "in": _in,
    "not_in": _negated(_in),
}


def choice(value: Any, choices: tuple[str, ...], what: str) -> str:
    """The value, if it is one of the choices.

    Raises:
        ValueError: it is not; the text names the nearest one, or all of them.
    """
    if isinstance(value, str) and value in choices:
        return value
    hint = nearest(str(value), choices) or f"one of: {', '.join(choices)}"
    raise ValueError(f"{what} {value!r} is unknown: {hint}")


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule ``{field, operator, value}``. Without a field the whole message is tested."""

    operator: str = "is"
    value: Message = None
    field: Path = ROOT

    @classmethod
    def from_setting(cls, raw: Any) -> Self:
        """Compile one rule.

        Raises:
            ValueError: not an object, an unknown operator, or a field that is no path.
        """
        if not isinstance(raw, Mapping):
            raise ValueError(f"a rule must be an object, not {raw!r}")
        return cls(
            operator=choice(raw.get("operator", "is"), get_args(Operator), "operator"),
            value=freeze(raw.get("value")),
            field=Path.from_setting(raw.get("field") or ""),
        )

    def holds(self, message: Message) -> bool:
        """Whether the rule is true of this message. A missing field is null."""
        return OPERATORS[self.operator](self.field.get(message), self.value)
