"""Test each message against rules, change it, and send it on by the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.actor import Actor, Context
from engine.components.logic.rules import Rules
from engine.components.palette import inport, outport
from engine.node_config import setting

if TYPE_CHECKING:
    from engine.ports import Port


class RulesEngineActor(Actor):
    """Send a message to ``matched``, changed by the first rule that matches, or to ``unmatched``.

    Without rules every message goes to ``output``. A rule's ``setOutput`` sends to ports of its
    own, which the node has besides these.
    """

    component = "tpl_rules_engine"
    inports = (inport("data", "any", "input", help="the message to test"),)
    outports = (
        outport("output", help="every message, if there are no rules"),
        outport("matched", help="messages that match, changed by the rule"),
        outport("unmatched", help="messages that match no rule, unchanged"),
    )
    effect = "none"
    title = "Rules engine"
    category = "logic"
    icon = "scale"

    @dataclass(frozen=True, slots=True)
    class Config:
        rules: Rules | None = setting(
            None,
            aliases=("propertyRules",),
            help="{type: IF or OR, groups: [{connector, rules: [{field, operator, value}]}], "
            "actions: {setProperty: [{key, value}], setOutput: [{port, value}]}}, or a list of "
            "them, of which the first that matches wins",
        )

    @classmethod
    def outports_for(cls, config: Config) -> tuple[Port, ...]:
        """The ports of a node with these settings: those that its rules send to come on top."""
        known = {name for port in cls.outports for name in (port.name, *port.aliases)}
        rules = config.rules.rules if config.rules else ()
        extra = dict.fromkeys(
            port for rule in rules for port, _ in rule.outputs if port not in known
        )
        return (*cls.outports, *(outport(name, help="set by a rule") for name in extra))

    def process(self, ctx: Context) -> None:
        message = ctx.inputs["data"]
        rules = ctx.config.rules
        if rules is None or not rules.rules:
            ctx.emit("output", message)
            return
        for rule in rules.rules:
            if rule.matches(message):
                ctx.log.debug("%s matched", rule.name)
                ctx.emit("matched", rule.applied(message))
                for port, value in rule.outputs:
                    ctx.emit(port, value)
                return
        ctx.emit("unmatched", message)
