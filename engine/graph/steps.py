"""The smallest changes of a graph, each with its exact inverse: what undo and redo are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.errors import GraphError, Problem
from engine.graph.elements import Connection, ExposedPort, Group, Initial, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


TABLES = frozenset({Kind.NODE, Kind.INPORT, Kind.OUTPORT})  # dicts; the others are lists


@dataclass(frozen=True, slots=True)
class Step:
    """One element that comes, goes or changes.

    Args:
        index: its position among its kind, which undo gives back too.
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
    """Change the graph; one step at the end of a list costs the same in any graph.

    Raises:
        GraphError: the graph is not as the steps expect it; nothing was changed.
    """
    if len(steps) == 1 and _apply_in_place(graph, steps[0]):
        return
    lists: dict[Kind, list[Any]] = {}
    for step in steps:
        if step.kind not in lists:
            lists[step.kind] = _elements(graph, step.kind)
        _apply_to_list(lists[step.kind], step)
    tables = {kind: _table(kind, lists[kind]) for kind in lists.keys() & TABLES}
    for kind, elements in lists.items():
        if kind is Kind.PROPERTIES:
            graph.properties = dict(elements[0])
        else:
            setattr(graph, kind, tables.get(kind, elements))


def _apply_in_place(graph: Graph, step: Step) -> bool:
    """Do one step without copying anything, if it can be done so."""
    if step.kind is Kind.PROPERTIES:
        return False
    holder = getattr(graph, step.kind)
    if isinstance(holder, list):
        _apply_to_list(holder, step)
        return True
    if step.after is None or step.renames:
        return step.after is None and _remove_last(holder, step)
    key = key_of(step.after)
    if step.before is None:
        if step.index != len(holder) or key in holder:
            return False
    elif holder.get(key) != step.before:
        raise _elsewhere(step)
    holder[key] = step.after
    return True


def _remove_last(table: dict[str, Any], step: Step) -> bool:
    if not table or step.index != len(table) - 1 or next(reversed(table.values())) != step.before:
        return False
    table.popitem()
    return True


def _apply_to_list(elements: list[Any], step: Step) -> None:
    if step.before is None:
        if step.index > len(elements):
            raise _elsewhere(step)
        elements.insert(step.index, step.after)
        return
    if step.index >= len(elements) or elements[step.index] != step.before:
        raise _elsewhere(step)
    if step.after is None:
        del elements[step.index]
    else:
        elements[step.index] = step.after


def _elements(graph: Graph, kind: Kind) -> list[Any]:
    holder = getattr(graph, kind)
    if kind is Kind.PROPERTIES:
        return [holder]
    return list(holder.values() if isinstance(holder, dict) else holder)


def _table(kind: Kind, elements: Iterable[Any]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for element in elements:
        if table.setdefault(key_of(element), element) is not element:
            raise _elsewhere(Step(kind, 0, None, element))
    return table


def _elsewhere(step: Step) -> GraphError:
    element = step.before if step.after is None else step.after
    name = f" {key_of(element)!r}" if element is not None and key_of(element) else ""
    message = "was changed without the editor, which therefore cannot go on"
    return GraphError([Problem(f"{step.kind.name.lower()}{name}", message, "edited_elsewhere")])
