"""What Zeal says on its live socket, read into values; nothing in it is trusted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from observability.zeal.wire import JsonObject

LONGEST_ID = 200  # characters
TO_BE_READ = ("execution.started", "workflow.published", "workflow.unpublished")
OF_NO_USE = ("update.acknowledged", "visual.state.update", "stream.frame.parsed", "ping")


class StrangeError(ValueError):
    """It has not the shape that Zeal gives it."""


class Verb(StrEnum):
    """What can be done to a run that goes."""

    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Announced:
    """Somebody pressed Execute: no command, but the only place where the input is told."""

    workflow_id: str
    execution_id: str
    workflow_name: str
    input: Any


@dataclass(frozen=True, slots=True)
class StartRun:
    """The command to start. With an ``execution_id``, the input was announced before it."""

    workflow_id: str
    execution_id: str  # empty in the raw profile, where the input is in the command
    input: Any
    by: str


@dataclass(frozen=True, slots=True)
class ControlRun:
    verb: Verb
    execution_id: str


@dataclass(frozen=True, slots=True)
class Publish:
    """``document`` is a workflow of Zeal's as far as it is told, or a graph of ours."""

    workflow_id: str
    document: JsonObject


@dataclass(frozen=True, slots=True)
class Unpublish:
    workflow_id: str


@dataclass(frozen=True, slots=True)
class State:
    """The newest graphs of a workflow, published or not."""

    workflow_id: str
    document: JsonObject


Command: TypeAlias = Announced | StartRun | ControlRun | Publish | Unpublish | State


def is_wanted(name: str, payload: Any) -> bool:
    """Whether it is to be read at all: most of what comes are echoes of what runtimes sent.

    An ``execution.started`` of a runtime has no trigger, one of the editor's does.
    """
    if name != "zip.event":
        return name not in OF_NO_USE
    if not isinstance(payload, Mapping):
        return True
    kind = payload.get("type")
    return kind in TO_BE_READ and (kind != "execution.started" or "trigger" in payload)


def read_command(name: str, payload: Any) -> Command | None:
    """The command of an event of the socket, or of a raw frame; None: it is no command.

    Raises:
        StrangeError: it has not the shape that it should have; says where.
    """
    if name == "unreadable":
        raise StrangeError(str(payload))
    kind = name
    if name in ("zip.event", "control.event"):
        kind = _text(_object(payload, name), "type").removeprefix("control.")
    reader = _READERS.get(kind)
    return None if reader is None else reader(_object(payload, name))


def _announced(said: JsonObject) -> Announced | None:
    if "trigger" not in said:
        return None
    details = _object(said.get("metadata"), "metadata")
    name = said.get("workflowName")
    return Announced(
        _workflow_id(said),
        _text(details, "executionId"),
        name if isinstance(name, str) else "",
        details.get("input"),
    )


def _start(said: JsonObject) -> StartRun:
    """The command of the live socket has its facts in ``data``; a raw frame is flat."""
    data = said.get("data")
    inner = data if isinstance(data, dict) and "executionId" in data else {}
    found = {**said, **inner}
    execution_id = _first(found, "executionId", "execution_id")
    given = None if inner else _first(said, "input", "data")
    by = found.get("triggeredBy")
    return StartRun(
        _workflow_id(found),
        "" if execution_id is None else _named(execution_id, "executionId"),
        given,
        by[:LONGEST_ID] if isinstance(by, str) else "",
    )


def _control(verb: Verb) -> Callable[[JsonObject], ControlRun]:
    def read(said: JsonObject) -> ControlRun:
        data = said.get("data")
        found = {**said, **(data if isinstance(data, dict) else {})}
        name = _first(found, "executionId", "execution_id", "sessionId")
        return ControlRun(verb, _named(name, "executionId"))

    return read


def _publish(said: JsonObject) -> Publish:
    """The event has the graphs in itself; a raw frame has a whole document."""
    document = _first(said, "graph", "workflow")
    if document is None:
        return Publish(_workflow_id(said), _named_graphs(said))
    return Publish(_workflow_id(said), _object(document, "graph"))


def _unpublish(said: JsonObject) -> Unpublish:
    return Unpublish(_workflow_id(said))


def _state(said: JsonObject) -> State:
    return State(_workflow_id(said), _named_graphs(_object(said.get("data"), "data")))


def _named_graphs(said: JsonObject) -> JsonObject:
    graphs = said.get("graphs")
    if not isinstance(graphs, list) or not graphs:
        raise StrangeError("graphs: must be a list of at least one")
    name, metadata = said.get("workflowName"), said.get("metadata")
    found: JsonObject = {"graphs": graphs}
    if isinstance(name, str) and name:
        found["name"] = name
    if isinstance(metadata, dict):
        found["metadata"] = metadata
    return found


def _object(value: Any, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise StrangeError(f"{where}: must be an object")
    return value


def _workflow_id(said: JsonObject) -> str:
    return _named(_first(said, "workflowId", "workflow_id"), "workflowId")


def _text(holder: JsonObject, key: str) -> str:
    return _named(holder.get(key), key)


def _named(value: Any, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        raise StrangeError(f"{where}: must be a text of 1 to {LONGEST_ID} characters")
    return value


def _first(holder: JsonObject, *keys: str) -> Any:
    return next((holder[key] for key in keys if holder.get(key) is not None), None)


_READERS: dict[str, Callable[[JsonObject], Command | None]] = {
    "execution.started": _announced,
    "execution.start": _start,
    "workflow.execute": _start,
    "execution.stop": _control(Verb.STOP),
    "execution.pause": _control(Verb.PAUSE),
    "execution.resume": _control(Verb.RESUME),
    "workflow.published": _publish,
    "workflow.publish": _publish,
    "workflow.deploy": _publish,
    "workflow.unpublished": _unpublish,
    "workflow.unpublish": _unpublish,
    "workflow.undeploy": _unpublish,
    "workflow.delete": _unpublish,
    "workflow.state": _state,
}
