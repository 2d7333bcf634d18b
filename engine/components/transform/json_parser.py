"""Parse JSON text, and take a part of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actor import Actor, Context, Outputs
from engine.codec import parse_json
from engine.components.palette import inport, outport
from engine.components.paths import ROOT, Path
from engine.errors import CodecError
from engine.messages import ErrorValue, freeze
from engine.node_config import setting


class JsonParser(Actor):
    """Parse JSON text or bytes, and send the whole document, or the part at ``path``."""

    component = "tpl_json_parser"
    inports = (inport("input", "any", "json", "data", help="JSON as text or UTF-8 bytes"),)
    outports = (
        outport("output", "any", "result", "parsed", help="the value; null if the path is absent"),
        outport("error", "error", help="what is no JSON"),
    )
    effect = "none"
    stateless = True
    title = "Parse JSON"
    category = "data"
    icon = "braces"

    @dataclass(frozen=True, slots=True)
    class Config:
        path: Path | None = setting(
            None, help="which part to send, such as a[0].b; without it the whole document"
        )

    def process(self, ctx: Context) -> Outputs:
        text = ctx.inputs["input"]
        if not isinstance(text, (str, bytes)):
            return {"error": ErrorValue("Expected String or Bytes on input port")}
        try:
            document = freeze(parse_json(text))
        except CodecError as error:
            return {"error": ErrorValue(f"JSON parse error: {error}")}
        return {"output": (ctx.config.path or ROOT).get(document)}
