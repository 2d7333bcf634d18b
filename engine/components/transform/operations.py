"""The steps of ``dataOperations``, compiled: each turns one value into the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Self, TypeAlias

from engine.components.conditions import choice, is_number
from engine.components.paths import Path
from engine.components.transform.aggregation import AGGREGATES, group_key
from engine.components.transform.field_expressions import FieldExpression, FilterExpression, literal
from engine.messages import FrozenDict, FrozenList, Message, type_name

Step: TypeAlias = Callable[[Message], Message]  # raises ValueError for what it cannot change


@dataclass(frozen=True, slots=True)
class OperationSets:
    """The setting ``dataOperations``: the steps of its last set, whose result alone is sent.

    Every set starts from the input again, so the others change nothing; they are checked only.
    """

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


def _transform(raw: Mapping[str, Any]) -> Step:
    return FieldExpression.parse(raw.get("transformExpression"), "transformExpression").get


def _filter(raw: Mapping[str, Any]) -> Step:
    expression = FilterExpression.parse(raw.get("filterExpression"), "filterExpression")
    return lambda value: FrozenList(filter(expression.holds, _items(value, "filter")))


def _map(raw: Mapping[str, Any]) -> Step:
    mappings = raw.get("mapping")
    if not isinstance(mappings, list) or not all(isinstance(one, Mapping) for one in mappings):
        raise ValueError(f"mapping must be a list of objects, not {mappings!r}")
    targets = [(_target(one), _source(one)) for one in mappings]

    def change(element: Message) -> Message:
        if not isinstance(element, dict):
            raise ValueError(f"map needs a list of Objects, not of {type_name(element)}")
        for target, source in targets:
            element = target.put(element, source(element))
        return element

    return lambda value: FrozenList(map(change, _items(value, "map")))


def _target(mapping: Mapping[str, Any]) -> Path:
    path = Path.from_setting(mapping.get("targetField"))
    if not path:
        raise ValueError("targetField is required")
    return path


def _source(mapping: Mapping[str, Any]) -> Step:
    """The expression ``transform``, else ``sourceField``: a field, a path or a JSON literal."""
    if mapping.get("transform"):
        return FieldExpression.parse(mapping["transform"], "transform").get
    source = mapping.get("sourceField")
    try:
        constant = literal(source) if isinstance(source, str) else source
    except ValueError:
        return FieldExpression.parse(source, "sourceField").get
    if constant is None and source is None:
        raise ValueError("sourceField is required")
    return lambda _element: constant


def _sort(raw: Mapping[str, Any]) -> Step:
    field = FieldExpression.parse(raw.get("sortField") or "data", "sortField")
    falling = choice(raw.get("sortDirection", "asc"), ("asc", "desc"), "sortDirection") == "desc"

    def compare(left: Message, right: Message) -> int:
        order = _compare(field.get(left), field.get(right))
        return -order if falling else order

    return lambda value: FrozenList(sorted(_items(value, "sort"), key=cmp_to_key(compare)))


def _compare(left: Any, right: Any) -> int:
    """Numbers with numbers, texts with texts; anything else counts as equal."""
    numbers = is_number(left) and is_number(right)
    if numbers or (isinstance(left, str) and isinstance(right, str)):
        return int(left > right) - int(left < right)
    return 0


def _group(raw: Mapping[str, Any]) -> Step:
    field = FieldExpression.parse(raw.get("groupByField"), "groupByField")

    def group(value: Message) -> Message:
        groups: dict[str, list[Message]] = {}
        for element in _items(value, "group"):
            groups.setdefault(group_key(field.get(element)), []).append(element)
        return FrozenDict({key: FrozenList(elements) for key, elements in groups.items()})

    return group


def _aggregate(raw: Mapping[str, Any]) -> Step:
    name = choice(raw.get("aggregateFunction", "sum"), tuple(AGGREGATES), "aggregateFunction")
    if not raw.get("aggregateField"):
        return lambda value: FrozenDict(count=len(_items(value, "aggregate")))
    field = FieldExpression.parse(raw["aggregateField"], "aggregateField")
    aggregate = AGGREGATES[name]
    return lambda value: FrozenDict(
        {name: aggregate([field.get(element) for element in _items(value, "aggregate")])}
    )


def _items(value: Message, operation: str) -> list[Message]:
    if not isinstance(value, list):
        raise ValueError(f"{operation} needs an Array, not {type_name(value)}")
    return value


COMPILERS: Mapping[str, Callable[[Mapping[str, Any]], Step]] = {
    "transform": _transform,
    "filter": _filter,
    "map": _map,
    "sort": _sort,
    "group": _group,
    "aggregate": _aggregate,
}
