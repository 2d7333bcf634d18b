"""Input widgets: nodes of the editor whose value enters the run as an initial packet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.codec import from_wire, to_plain
from engine.errors import CodecError
from engine.messages import FrozenDict
from engine.node_config import is_number, read_number
from workflows.zeal.keys import value_of

if TYPE_CHECKING:
    from workflows.zeal.document import Node


def packet_of(component: str, node: Node) -> Any:
    """The value of a widget, as a tagged message.

    A text is empty without a value, a number 0; a range is held between its ``min`` and ``max``,
    which are 0 and 1 if nothing says otherwise. A whole number stays one.

    Raises:
        ValueError: the value is of the wrong kind, or ``min`` is greater than ``max``.
    """
    settings = node.settings
    if component == "tpl_text_input":
        text = value_of(settings, "defaultValue")
        if text is not None and not isinstance(text, str):
            raise ValueError(f"defaultValue must be a text, not {text!r}")
        return _tagged(text or "")
    if component == "tpl_number_input":
        return _tagged(_number(settings, "defaultValue", 0))
    least, most = _bound(node, "min", 0), _bound(node, "max", 1)
    if least > most:
        raise ValueError(f"min is {least!r}, which is more than max, {most!r}")
    key = "value" if value_of(settings, "value") is not None else "defaultValue"
    return _tagged(min(max(_number(settings, key, 0), least), most))


def setting_of(component: str, node: Node) -> str:
    """The name of the setting that holds a widget's value."""
    if component == "tpl_range_input" and value_of(node.settings, "value") is not None:
        return "value"
    return "defaultValue"


def _bound(node: Node, key: str, default: float) -> float:
    """A bound of a range: a setting of its own, or part of what describes its value."""
    for name in ("value", "defaultValue"):
        described = node.properties.get(name)
        if key not in node.settings and isinstance(described, FrozenDict):
            found = described.get(key)
            if found is not None:
                return _number(described, key, default)
    return _number(node.settings, key, default)


def _number(holder: FrozenDict, key: str, default: float) -> float:
    given = value_of(holder, key)
    if given is None or given == "":
        return default
    number = read_number(given) if isinstance(given, str) else given
    if is_number(number):
        return number
    raise ValueError(f"{key} must be a number, not {given!r}")


def _tagged(value: str | float) -> dict[str, Any]:
    kind = {str: "String", int: "Integer", float: "Float"}[type(value)]
    return {"type": kind, "data": value}


def packet_for(template: str, data: Any) -> Any:
    """The setting that makes a widget, or an emitter, send this packet; None if none does."""
    try:
        message = from_wire(data)
        plain = to_plain(message)
    except CodecError:
        return None
    if template == "tpl_text_input":
        return plain if isinstance(message, str) else None
    if template in ("tpl_number_input", "tpl_range_input"):
        number = isinstance(message, int | float) and not isinstance(message, bool)
        return plain if number else None
    known = isinstance(message, bool | dict | list | int | float | str)
    return plain if known else None
