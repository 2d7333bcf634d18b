"""Typed ports, and which types may be connected."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

from engine.messages import type_name


class PortType(StrEnum):
    """What a port carries; the words of Reflow's ``portType``, and two of ours."""

    ANY = "any"
    FLOW = "flow"
    EVENT = "event"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    OBJECT = "object"
    ARRAY = "array"
    ENCODED = "encoded"
    STREAM = "stream"
    OPTION = "option"
    BYTES = "bytes"  # ours
    ERROR = "error"  # ours


@dataclass(frozen=True, slots=True)
class Port:
    """One inport or outport of an actor.

    Args:
        aliases: other names under which a graph may address it, such as an editor's.
        required: an inport that must be connected or get an initial packet.
    """

    name: str
    type: str = "any"
    _: KW_ONLY
    help: str = ""
    required: bool = False
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        PortType(self.type)  # ValueError names the wrong one

    def answers_to(self, name: str) -> bool:
        return name == self.name or name in self.aliases


_ACCEPTS: dict[str, frozenset[str]] = {
    PortType.FLOAT: frozenset({PortType.INTEGER}),
    PortType.BYTES: frozenset({PortType.ENCODED}),
    PortType.ENCODED: frozenset({PortType.BYTES}),
}

_OF_TAG: dict[str, str] = {
    "Boolean": PortType.BOOLEAN,
    "Integer": PortType.INTEGER,
    "Float": PortType.FLOAT,
    "String": PortType.STRING,
    "Bytes": PortType.BYTES,
    "Array": PortType.ARRAY,
    "Object": PortType.OBJECT,
    "Error": PortType.ERROR,
    "Flow": PortType.FLOW,
    "Event": PortType.EVENT,
    "Encoded": PortType.ENCODED,
    "StreamHandle": PortType.STREAM,
    "Optional": PortType.OPTION,
}


def compatible(source: str, target: str) -> bool:
    """Whether a message from a port of type ``source`` may enter one of type ``target``.

    ``any`` fits everything, an ``option`` fits what may be absent, ``flow`` takes any message as
    a signal, and an integer may enter a float port (it stays an integer).
    """
    free = (PortType.ANY, PortType.OPTION)
    if source == target or source in free or target in free or target == PortType.FLOW:
        return True
    return source in _ACCEPTS.get(target, ())


def accepts(port: Port, message: object) -> bool:
    """Whether this message may enter this port; used for initial packets and inputs."""
    return compatible(_OF_TAG.get(type_name(message), PortType.ANY), port.type)
