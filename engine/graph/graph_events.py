"""What subscribers are told about a change of a graph: Reflow's 25 graph events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.graph.steps import Kind, key_of
from engine.graph.writing import write_element

if TYPE_CHECKING:
    from engine.graph.steps import Element, Step


class GraphEventType(StrEnum):
    """The names as the original spells them."""

    ADD_NODE = "AddNode"
    REMOVE_NODE = "RemoveNode"
    RENAME_NODE = "RenameNode"
    CHANGE_NODE = "ChangeNode"
    ADD_CONNECTION = "AddConnection"
    REMOVE_CONNECTION = "RemoveConnection"
    CHANGE_CONNECTION = "ChangeConnection"
    ADD_INITIAL = "AddInitial"
    REMOVE_INITIAL = "RemoveInitial"
    CHANGE_PROPERTIES = "ChangeProperties"
    ADD_GROUP = "AddGroup"
    REMOVE_GROUP = "RemoveGroup"
    RENAME_GROUP = "RenameGroup"
    CHANGE_GROUP = "ChangeGroup"
    ADD_INPORT = "AddInport"
    REMOVE_INPORT = "RemoveInport"
    RENAME_INPORT = "RenameInport"
    CHANGE_INPORT = "ChangeInport"
    ADD_OUTPORT = "AddOutport"
    REMOVE_OUTPORT = "RemoveOutport"
    RENAME_OUTPORT = "RenameOutport"
    CHANGE_OUTPORT = "ChangeOutport"
    START_TRANSACTION = "StartTransaction"
    END_TRANSACTION = "EndTransaction"
    TRANSACTION = "Transaction"


@dataclass(frozen=True, slots=True)
class GraphEvent:
    """One change, told after it happened.

    Args:
        before: the element as it was; None if it is new.
        after: the element as it is; None if it is gone.
        transaction: the name of the transaction that starts, ends, or was committed.
        changes: of a committed transaction, how many events it had.
    """

    type: GraphEventType
    before: Element | None = None
    after: Element | None = None
    transaction: str = ""
    changes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The event in the original's shape: ``_type`` and the data beside it."""
        return {"_type": str(self.type), **self._data()}

    def _data(self) -> dict[str, Any]:
        if self.type.endswith("Transaction"):
            data: dict[str, Any] = {"id": self.transaction}
            if self.type is GraphEventType.TRANSACTION:
                data["changes"] = self.changes
            return data
        old, new = self.before, self.after
        if old is None or new is None:
            return write_element(new if old is None else old)  # type: ignore[arg-type] # one is there
        if self.type.startswith("Rename"):
            return {"old": key_of(old), "new": key_of(new)}
        if isinstance(old, dict) or isinstance(new, dict):
            return {"before": old, "new": new}
        kind = self.type.removeprefix("Change").lower()
        if kind in {"inport", "outport"}:
            kind = "port"
        return {
            kind: write_element(new),
            "old_metadata": write_element(old)["metadata"],
            "new_metadata": write_element(new)["metadata"],
        }


def events_of(step: Step) -> tuple[GraphEvent, ...]:
    """The events of one step: most have one; there is none for a changed initial packet."""
    if step.kind is Kind.INITIAL and step.before is not None and step.after is not None:
        gone = GraphEvent(GraphEventType.REMOVE_INITIAL, before=step.before)
        return gone, GraphEvent(GraphEventType.ADD_INITIAL, after=step.after)
    kind = GraphEventType[f"{_verb(step)}_{step.kind.name}"]
    return (GraphEvent(kind, step.before, step.after),)


def _verb(step: Step) -> str:
    if step.before is None:
        return "ADD"
    if step.after is None:
        return "REMOVE"
    return "RENAME" if step.renames else "CHANGE"
