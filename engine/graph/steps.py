"""The smallest changes of a graph, each with its exact inverse: what undo and redo are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.errors import GraphError, Problem
from engine.graph.elements import Connection, ExposedPort, Group, Initial, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.graph.model import Graph
    from engine.messages import FrozenDict

    Element = Node | Connection | Initial | ExposedPort | Group | FrozenDict


class Kind(StrEnum):
    """What a step changes; the value is the attribute of ``Graph`` that holds it."""

    NODE = "nodes"
    CONNECTION = "connections"
    INITIAL = "initials"
    INPORT = "inports"
    OUTPORT = "outports"
    GROUP = "groups"
    PROPERTIES = "properties"


@dataclass(frozen=True, slots=True)
class Step:
    """One element that comes, goes or changes.

    Args:
        index: its position among its kind, which undo gives back too; in a dict it does not
            matter for an element that keeps its name.
        before: None if it comes.
        after: None if it goes.
    """

    kind: Kind
    index: int
    before: Element | None
    after: Element | None

    def inverse(self) -> Step:
        return Step(self.kind, self.index, self.after, self.before)

    @property
    def renames(self) -> bool:
        """Whether the element gets another name, and perhaps changes too."""
        if self.before is None or self.after is None or self.kind is Kind.PROPERTIES:
            return False
        return key_of(self.before) != key_of(self.after)


def key_of(element: Element) -> str:
    """The name that tells an element from others of its kind; empty if it has none."""
    if isinstance(element, (Node, Group)):
        return element.id
    return element.name if isinstance(element, ExposedPort) else ""


def inverse_of(steps: Sequence[Step]) -> list[Step]:
    return [step.inverse() for step in reversed(steps)]


def apply(graph: Graph, steps: Sequence[Step]) -> None:
    """Change the graph; one step at the end of its kind costs the same in any graph.

    Raises:
        GraphError: the graph is not as the steps expect it; nothing was changed.
    """
    alone = len(steps) == 1  # then the graph itself is changed, else copies that replace it
    work: dict[Kind, _Rows | _Table | _Properties] = {}
    for step in steps:
        if step.kind not in work:
            work[step.kind] = _work_on(graph, step.kind, alone=alone)
        work[step.kind].apply(step)
    for kind, done in [(kind, one.result()) for kind, one in work.items()]:
        setattr(graph, kind, done)


def _work_on(graph: Graph, kind: Kind, *, alone: bool) -> _Rows | _Table | _Properties:
    holder = getattr(graph, kind)
    if kind is Kind.PROPERTIES:
        return _Properties(holder)
    if isinstance(holder, list):
        return _Rows(holder if alone else list(holder))
    return _Table(holder if alone else dict(holder))


class _Rows:
    """A list under change."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def apply(self, step: Step) -> None:
        if step.before is None:
            if step.index > len(self._rows):
                raise _elsewhere(step)
            self._rows.insert(step.index, step.after)
        elif step.index >= len(self._rows) or self._rows[step.index] != step.before:
            raise _elsewhere(step)
        elif step.after is None:
            del self._rows[step.index]
        else:
            self._rows[step.index] = step.after

    def result(self) -> list[Any]:
        return self._rows


class _Table:
    """A dict under change; it turns into a list as soon as a position in it matters."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table
        self._rows: _Rows | None = None

    def apply(self, step: Step) -> None:
        if self._rows is None:
            if self._apply_by_key(step):
                return
            self._rows = _Rows(list(self._table.values()))
        if step.before is not None and step.after is not None and not step.renames:
            rows = self._rows.result()
            index = next((i for i, row in enumerate(rows) if row == step.before), len(rows))
            step = Step(step.kind, index, step.before, step.after)
        self._rows.apply(step)

    def _apply_by_key(self, step: Step) -> bool:
        table = self._table
        if step.after is None:
            last = bool(table) and step.index == len(table) - 1
            if last and next(reversed(table.values())) == step.before:
                table.popitem()
                return True
            return False
        key = key_of(step.after)
        if step.renames or (step.before is None and (step.index != len(table) or key in table)):
            return False
        if step.before is not None and table.get(key) != step.before:
            raise _elsewhere(step)
        table[key] = step.after
        return True

    def result(self) -> dict[str, Any]:
        if self._rows is None:
            return self._table
        rows = self._rows.result()
        table = {key_of(row): row for row in rows}
        if len(table) != len(rows):
            raise _elsewhere(Step(Kind.NODE, 0, None, None))
        return table


class _Properties:
    """The properties under change, which change as a whole."""

    def __init__(self, properties: dict[str, Any]) -> None:
        self._properties = properties

    def apply(self, step: Step) -> None:
        if self._properties != step.before:
            raise _elsewhere(step)
        self._properties = dict(step.after)  # type: ignore[arg-type] # of this kind it is a dict

    def result(self) -> dict[str, Any]:
        return self._properties


def _elsewhere(step: Step) -> GraphError:
    element = step.before if step.after is None else step.after
    name = f" {key_of(element)!r}" if element is not None and key_of(element) else ""
    message = "was changed without the editor, which therefore cannot go on"
    return GraphError([Problem(f"{step.kind.name.lower()}{name}", message, "edited_elsewhere")])
