"""The steps of ``dataOperations``, compiled: each turns one value into the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, ClassVar, Self, TypeAlias

from engine.components.conditions import choice, is_number
from engine.components.paths import Path
from engine.components.transform.aggregation import AGGREGATES, group_key
from engine.components.transform.field_expressions import FieldExpression, FilterExpression, literal
from engine.messages import FrozenDict, FrozenList, Message, freeze

Step: TypeAlias = Callable[[Message], Message]  # raises ValueError for what it cannot change


@dataclass(frozen=True, slots=True)
class OperationSets:
    """The setting ``dataOperations``: the steps of its last set, whose result alone is sent.

    Every set starts from the input again, so the others change nothing; they are checked only.
    """

    json_type: ClassVar[str] = "array"

    steps: tuple[Step, ...] = ()

    @classmethod
    def from_setting(cls, raw: Any) -> Self:
        """Compile the sets.

        Raises:
            ValueError: with every operation that is wrong.
        """
        if not isinstance(raw, list):
            raise ValueError(f"must be a list of sets of operations, not {raw!r}")
        steps: list[Step] = []
        wrong: list[str] = []
        for number, one_set in enumerate(raw, start=1):
            operations = one_set.get("operations") if isinstance(one_set, Mapping) else None
            if not isinstance(operations, list):
                wrong.append(f"set {number} must be an object with a list of operations")
                continue
            steps = _compile_set(operations, f"set {number}", wrong)
        if wrong:
            raise ValueError("; ".join(wrong))
        return cls(tuple(steps))

    def apply(self, value: Message) -> Message:
        """The result for one input; ValueError says which step could not do its work."""
        for step in self.steps:
            value = step(value)
        return value


def _compile_set(operations: list[Any], where: str, wrong: list[str]) -> list[Step]:
    steps = []
    for number, raw in enumerate(operations, start=1):
        try:
            if not isinstance(raw, Mapping):
                raise ValueError(f"must be an object, not {raw!r}")  # noqa: TRY301 -- one list of all
            if raw.get("enabled", True) is not False:
                kind = choice(raw.get("type", "transform"), tuple(COMPILERS), "type")
                steps.append(COMPILERS[kind](raw))
        except ValueError as error:
            wrong.append(f"{where}, operation {number}: {error}")
    return steps


def _unchanged(value: Message) -> Message:
    """A step whose own setting is empty, such as a form half filled in."""
    return value


def _over_list(change: Callable[[list[Message]], Message]) -> Step:
    """A step that works on lists, and leaves any other value as it is."""
    return lambda value: change(value) if isinstance(value, list) else value


def _transform(raw: Mapping[str, Any]) -> Step:
    text = raw.get("transformExpression")
    return FieldExpression.parse(text, "transformExpression").get if text else _unchanged


def _filter(raw: Mapping[str, Any]) -> Step:
    if not raw.get("filterExpression"):
        return _unchanged
    expression = FilterExpression.parse(raw["filterExpression"], "filterExpression")
    return _over_list(lambda items: FrozenList(filter(expression.holds, items)))


def _map(raw: Mapping[str, Any]) -> Step:
    mappings = raw.get("mapping") or []
    if not isinstance(mappings, list) or not all(isinstance(one, Mapping) for one in mappings):
        raise ValueError(f"mapping must be a list of objects, not {mappings!r}")
    targets = [
        (Path.from_setting(one["targetField"]), source)
        for one in mappings
        if one.get("targetField") and (source := _source(one)) is not None
    ]

    def change(element: Message) -> Message:
        if isinstance(element, dict):
            for target, source in targets:
                element = target.put(element, source(element))
        return element

    return _over_list(lambda items: FrozenList(map(change, items)))


def _source(mapping: Mapping[str, Any]) -> Step | None:
    """The expression ``transform``, else ``sourceField``: a field, a path or a JSON literal."""
    if mapping.get("transform"):
        return FieldExpression.parse(mapping["transform"], "transform").get
    source = mapping.get("sourceField")
    if source in (None, ""):
        return None
    try:
        constant = literal(source) if isinstance(source, str) else freeze(source)
    except ValueError:
        return FieldExpression.parse(source, "sourceField").get
    return lambda _element: constant


def _sort(raw: Mapping[str, Any]) -> Step:
    field = FieldExpression.parse(raw.get("sortField") or "data", "sortField")
    falling = choice(raw.get("sortDirection", "asc"), ("asc", "desc"), "sortDirection") == "desc"

    def compare(left: Message, right: Message) -> int:
        order = _compare(field.get(left), field.get(right))
        return -order if falling else order

    return _over_list(lambda items: FrozenList(sorted(items, key=cmp_to_key(compare))))


def _compare(left: Any, right: Any) -> int:
    """Numbers with numbers, texts with texts; anything else counts as equal."""
    numbers = is_number(left) and is_number(right)
    if numbers or (isinstance(left, str) and isinstance(right, str)):
        return int(left > right) - int(left < right)
    return 0


def _group(raw: Mapping[str, Any]) -> Step:
    if not raw.get("groupByField"):
        return _unchanged
    field = FieldExpression.parse(raw["groupByField"], "groupByField")

    def group(items: list[Message]) -> Message:
        groups: dict[str, list[Message]] = {}
        for element in items:
            groups.setdefault(group_key(field.get(element)), []).append(element)
        return FrozenDict({key: FrozenList(elements) for key, elements in groups.items()})

    return _over_list(group)


def _aggregate(raw: Mapping[str, Any]) -> Step:
    name = choice(raw.get("aggregateFunction", "sum"), tuple(AGGREGATES), "aggregateFunction")
    if not raw.get("aggregateField"):
        return _over_list(lambda items: FrozenDict(count=len(items)))
    field = FieldExpression.parse(raw["aggregateField"], "aggregateField")
    aggregate = AGGREGATES[name]
    return _over_list(lambda items: FrozenDict({name: aggregate([*map(field.get, items)])}))


COMPILERS: Mapping[str, Callable[[Mapping[str, Any]], Step]] = {
    "transform": _transform,
    "filter": _filter,
    "map": _map,
    "sort": _sort,
    "group": _group,
    "aggregate": _aggregate,
}
