"""Checks of what an edit of a graph is given: texts, objects, names that must be there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import GraphError, MessageError, Problem
from engine.graph.hints import Hints
from engine.messages import freeze

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.messages import FrozenDict


def refused(where: str, message: str, code: str, **more: str) -> GraphError:
    return GraphError([Problem(where, message, code, **more)])


def missing(kind: str, name: str, known: Collection[str]) -> GraphError:
    """The error that there is no such node, inport, outport or group."""
    node = {"node": name} if kind == "node" else {}
    hint = Hints().nearest(name, known, kind)
    return refused(f"{kind} {name!r}", "there is none", f"unknown_{kind}", hint=hint, **node)


def need_text(where: str, what: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise refused(where, f"{what} must be a text that is not empty, not {value!r}", "invalid")


def frozen_object(where: str, value: Any) -> FrozenDict | None:
    """Metadata as it is stored; None stays None."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise refused(where, f"must be an object, not {type(value).__name__}", "invalid")
    try:
        frozen: FrozenDict = freeze(dict(value))
    except MessageError as error:
        raise refused(where, str(error), "invalid") from error
    return frozen
