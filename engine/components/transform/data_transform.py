"""Change each message in one of a few simple ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.actor import Actor, Context, Outputs
from engine.codec import dumps, parse_json
from engine.components.palette import inport, outport
from engine.components.paths import Path
from engine.components.templates import Template
from engine.errors import CodecError
from engine.messages import ErrorValue, freeze, type_name
from engine.node_config import ABSENT, setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.messages import Message

TransformType: TypeAlias = Literal[
    "passthrough",
    "to_uppercase",
    "to_lowercase",
    "to_json",
    "from_json",
    "extract_field",
    "set_field",
    "template",
]
VALUE = Template.from_setting("${value}")


class DataTransformActor(Actor):
    """Change each message in one way."""

    component = "tpl_data_transformer"
    inports = (inport("input", "any", "data", help="the message to change"),)
    outports = (
        outport("output", "any", "transformed", help="the changed message"),
        outport("error", "error", "errors", help="a message that cannot be changed so"),
    )
    effect = "none"
    stateless = True
    title = "Transform data"
    category = "data"
    icon = "shuffle"

    @dataclass(frozen=True, slots=True)
    class Config:
        transform_type: TransformType = setting(
            "passthrough", aliases=("operation",), help="what is done to the message"
        )
        field_name: Path | None = setting(
            None, aliases=("field",), help="field or path for extract_field and set_field"
        )
        field_value: Any = setting(ABSENT, aliases=("value",), help="what set_field sets")
        template: Template | None = setting(
            None, help="text with ${value} or ${field} in it; without it ${value}"
        )

    def setup(self) -> None:
        self.change = TRANSFORMS[self.config.transform_type]

    def process(self, ctx: Context) -> Outputs:
        try:
            return {"output": self.change(ctx.inputs["input"], ctx.config)}
        except (ValueError, CodecError) as error:
            return {"error": ErrorValue(str(error))}


def _in_case(change: Callable[[str], str]) -> Callable[[Message, Any], Message]:
    return lambda message, _config: change(message) if isinstance(message, str) else message


def _from_json(message: Message, _config: Any) -> Message:
    if not isinstance(message, str):
        return message
    try:
        return freeze(parse_json(message))
    except CodecError as error:
        raise ValueError(f"JSON parse error: {error}") from error


def _extract_field(message: Message, config: DataTransformActor.Config) -> Message:
    if not config.field_name or not isinstance(message, dict):
        return message
    return config.field_name.get(message)


def _set_field(message: Message, config: DataTransformActor.Config) -> Message:
    if not config.field_name or config.field_value is ABSENT:
        return message
    if not isinstance(message, dict):
        wrong = f"Expected Object on input port, not {type_name(message)}"
        raise ValueError(wrong)
    return config.field_name.put(message, config.field_value)


TRANSFORMS: Mapping[str, Callable[[Message, Any], Message]] = {
    "passthrough": lambda message, _config: message,
    "to_uppercase": _in_case(str.upper),
    "to_lowercase": _in_case(str.lower),
    "to_json": lambda message, _config: dumps(message, sort_keys=True),
    "from_json": _from_json,
    "extract_field": _extract_field,
    "set_field": _set_field,
    "template": lambda message, config: (config.template or VALUE).fill(message),
}
