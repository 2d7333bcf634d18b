"""Write each message to the log of the run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.actor import Actor, Context, Outputs
from engine.components.palette import inport, outport
from engine.components.templates import Template
from engine.node_config import setting

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LINE = 4096  # characters of one line in the log
WHOLE_MESSAGE = Template.from_setting("${value}")
LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class LoggerActor(Actor):
    """Write a line for each message to the run's log, and send the message on unchanged."""

    component = "tpl_logger"
    inports = (inport("input", "any", "data", help="any message"),)
    outports = (outport("output", "any", "data", help="the same message"),)
    effect = "none"
    title = "Logger"
    category = "utility"
    icon = "scroll-text"
    ours = True

    @dataclass(frozen=True, slots=True)
    class Config:
        level: Literal["debug", "info", "warning", "error"] = setting(
            "info", help="how grave the line is"
        )
        message: Template | None = setting(
            None, help="the line; ${value} is the message, ${field.path} a part of it"
        )

    def process(self, ctx: Context) -> Outputs:
        message = ctx.inputs["input"]
        line = (ctx.config.message or WHOLE_MESSAGE).fill(message)
        ctx.log.log(LEVELS[ctx.config.level], "%s", _shortened(line))
        return {"output": message}


def _shortened(line: str) -> str:
    if len(line) <= MAX_LINE:
        return line
    return f"{line[:MAX_LINE]}... ({len(line)} characters)"
