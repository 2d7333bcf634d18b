"""Send each message one of two ways, by a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from engine.actor import Actor, Context, Outputs
from engine.components.conditions import OPERATORS, Operator, is_truthy
from engine.components.palette import inport, outport
from engine.components.paths import ROOT, Path
from engine.components.rules import RuleSet
from engine.node_config import setting

if TYPE_CHECKING:
    from engine.messages import Message

ConditionType: TypeAlias = Literal[Operator, "is_empty", "truthy"]


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """``decisionRules``: it decides only if it has groups, otherwise the simple form does."""

    json_type: ClassVar[str] = "object"

    rules: RuleSet | None = None

    @classmethod
    def from_setting(cls, raw: Any) -> DecisionRules:
        if isinstance(raw, Mapping) and not isinstance(raw.get("groups"), list):
            return cls()
        return cls(RuleSet.from_setting(raw))


class ConditionalBranchActor(Actor):
    """Send each message to ``true-out`` if the condition holds, else to ``false-out``."""

    component = "tpl_if_branch"
    inports = (inport("data", "any", "input", help="the message to test"),)
    outports = (
        outport("true-out", "any", "true_output", help="messages for which the condition holds"),
        outport("false-out", "any", "false_output", help="all other messages"),
    )
    effect = "none"
    stateless = True
    title = "If / else"
    category = "flow"
    icon = "git-branch"

    @dataclass(frozen=True, slots=True)
    class Config:
        decision_rules: DecisionRules | None = setting(
            None,
            key="decisionRules",
            help="{type: IF or OR, groups: [{connector, rules: [{field, operator, value}]}]}; "
            "wins over the simple condition",
        )
        condition_type: ConditionType = setting("equals", help="how the simple condition tests")
        condition_value: Any = setting(
            None, aliases=("value",), help="what the simple condition compares with"
        )
        condition_field: Path | None = setting(
            None, aliases=("field",), help="field or path to test; without it the whole message"
        )

    def process(self, ctx: Context) -> Outputs:
        message = ctx.inputs["data"]
        return {"true-out" if _holds(ctx.config, message) else "false-out": message}


def _holds(config: ConditionalBranchActor.Config, message: Message) -> bool:
    if config.decision_rules is not None and config.decision_rules.rules is not None:
        return config.decision_rules.rules.holds(message)
    field = config.condition_field or ROOT
    if config.condition_type == "truthy":
        return is_truthy(field.get(message) if field else message)
    operator = "empty" if config.condition_type == "is_empty" else config.condition_type
    return OPERATORS[operator](field.get(message), config.condition_value)
