"""Change every element of a list."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from engine.actor import Actor, Context, Outputs
from engine.components.conditions import is_number
from engine.components.lists import NOT_AN_ARRAY
from engine.components.palette import inport, outport
from engine.components.paths import Path
from engine.components.templates import Template, as_text
from engine.errors import CodecError
from engine.messages import ErrorValue, FrozenList, Message
from engine.node_config import setting

if TYPE_CHECKING:
    from collections.abc import Callable


class Map(Actor):
    """Change every element of a list."""

    component = "tpl_map"
    inports = (inport("input", "array", help="a list"),)
    outports = (
        outport("output", "array", help="the changed elements, in the same order"),
        outport("error", "error", help="not a list, or an element that cannot be changed"),
    )
    effect = "none"
    stateless = True
    title = "Map"
    category = "flow"
    icon = "list"

    @dataclass(frozen=True, slots=True)
    class Config:
        operation: Literal["identity", "to_string", "to_number", "extract_field", "template"] = (
            setting("identity", help="what is done to each element")
        )
        field: Path | None = setting(None, help="field or path that extract_field takes")
        template: Template | None = setting(
            None, help="text with ${value} or ${field}; without it the element stays"
        )

    def setup(self) -> None:
        self.change = _change(self.config)

    def process(self, ctx: Context) -> Outputs:
        items = ctx.inputs["input"]
        if not isinstance(items, list):
            return NOT_AN_ARRAY
        changed = []
        for number, item in enumerate(items):
            try:
                changed.append(self.change(item))
            except (ValueError, CodecError) as error:
                return {"error": ErrorValue(f"element {number}: {error}")}
        return {"output": FrozenList(changed)}


def _change(config: Map.Config) -> Callable[[Message], Message]:
    match config.operation:
        case "to_string":
            return as_text
        case "to_number":
            return to_number
        case "extract_field":
            field = config.field
            return lambda item: field.get(item) if field else None
        case "template" if config.template is not None:
            return config.template.fill
        case _:
            return lambda item: item


def to_number(value: Any) -> float:
    """A number, or what a text says, as a float.

    Raises:
        ValueError: it is neither, or too large for a float.
    """
    if is_number(value) or (isinstance(value, str) and "_" not in value):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ValueError(f"cannot make a number of {value!r}")
