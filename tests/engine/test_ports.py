from __future__ import annotations

from typing import Any

import pytest

from engine.messages import FLOW, Encoded, ErrorValue, Event, OptionalValue, freeze
from engine.ports import Port, PortType, accepts, compatible

# What may enter a port of each type beside its own kind, ``any`` and ``option``.
ALSO = {
    PortType.FLOAT: {PortType.INTEGER},
    PortType.BYTES: {PortType.ENCODED},
    PortType.ENCODED: {PortType.BYTES},
    PortType.FLOW: set(PortType),
    PortType.ANY: set(PortType),
    PortType.OPTION: set(PortType),
}


@pytest.mark.parametrize("source", PortType)
@pytest.mark.parametrize("target", PortType)
def test_each_pair_of_types_fits_or_does_not(source: PortType, target: PortType) -> None:
    allowed = {target, PortType.ANY, PortType.OPTION} | ALSO.get(target, set())

    assert compatible(source, target) == (source in allowed)


MESSAGES: dict[str, Any] = {
    "boolean": True,
    "integer": 1,
    "float": 1.0,
    "string": "1",
    "object": freeze({}),
    "array": freeze([]),
    "bytes": b"1",
    "encoded": Encoded(b"1"),
    "error": ErrorValue("1"),
    "flow": FLOW,
    "event": Event(1),
}


@pytest.mark.parametrize(
    ("port_type", "accepted"),
    [
        ("any", set(MESSAGES)),
        ("flow", set(MESSAGES)),
        ("option", set(MESSAGES)),
        ("boolean", {"boolean"}),
        ("integer", {"integer"}),
        ("float", {"float", "integer"}),
        ("string", {"string"}),
        ("object", {"object"}),
        ("array", {"array"}),
        ("bytes", {"bytes", "encoded"}),
        ("event", {"event"}),
        ("stream", set()),
    ],
)
def test_a_port_accepts_the_messages_of_its_type(port_type: str, accepted: set[str]) -> None:
    port = Port("in", port_type)

    assert {name for name, value in MESSAGES.items() if accepts(port, value)} == accepted
    assert accepts(port, None)
    assert accepts(port, OptionalValue(1))


def test_a_port_answers_to_its_name_and_its_aliases() -> None:
    port = Port("in", aliases=("value-in", "input"))

    answers = [name for name in ("in", "value-in", "input", "IN", "") if port.answers_to(name)]

    assert answers == ["in", "value-in", "input"]


def test_a_port_of_an_unknown_type_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="'number' is not a valid PortType"):
        Port("in", "number")
