"""Part a list in two by a condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.actor import Actor, Context, Outputs
from engine.components.conditions import OPERATORS, Operator, is_truthy_in_javascript
from engine.components.lists import NOT_AN_ARRAY
from engine.components.palette import inport, outport
from engine.components.paths import ROOT, Path
from engine.messages import FrozenList
from engine.node_config import setting

if TYPE_CHECKING:
    from engine.messages import Message

FilterCondition: TypeAlias = Literal[Operator, "truthy", "not_null"]


class Filter(Actor):
    """Part a list in the elements for which the condition holds, and all others."""

    component = "tpl_filter"
    inports = (inport("input", "array", help="a list"),)
    outports = (
        outport("output", "array", help="the elements for which the condition holds"),
        outport("rejected", "array", help="all other elements"),
        outport("error", "error", help="the input is not a list"),
    )
    effect = "none"
    stateless = True
    title = "Filter"
    category = "flow"
    icon = "filter"

    @dataclass(frozen=True, slots=True)
    class Config:
        condition: FilterCondition = setting("truthy", help="how each element is tested")
        field: Path | None = setting(
            None, help="field or path to test; without it the element itself"
        )
        value: Any = setting(None, help="what the condition compares with")

    def process(self, ctx: Context) -> Outputs:
        items = ctx.inputs["input"]
        if not isinstance(items, list):
            return NOT_AN_ARRAY
        parts: dict[bool, list[Message]] = {True: [], False: []}
        for item in items:
            parts[_holds(ctx.config, item)].append(item)
        return {"output": FrozenList(parts[True]), "rejected": FrozenList(parts[False])}


def _holds(config: Filter.Config, item: Message) -> bool:
    value = (config.field or ROOT).get(item)
    if config.condition == "truthy":  # here, unlike in a branch, [] and {} are
        return is_truthy_in_javascript(value)
    if config.condition == "not_null":
        return value is not None
    return OPERATORS[config.condition](value, config.value)
