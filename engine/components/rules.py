"""Groups of rules, as ``decisionRules`` and the rules engine write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from engine.components.conditions import Condition, choice

if TYPE_CHECKING:
    from engine.messages import Message


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules of which all (``AND``), or one (``OR``), must hold."""

    rules: tuple[Condition, ...] = ()
    every: bool = True

    @classmethod
    def from_setting(cls, raw: Any) -> Self:
        """Compile one group; ValueError says what is wrong with it."""
        if not isinstance(raw, Mapping) or not isinstance(raw.get("rules", []), list):
            message = f"a group must be an object with a list of rules, not {raw!r}"
            raise ValueError(message)
        connector = choice(raw.get("connector", "AND"), ("AND", "OR"), "connector")
        rules = tuple(Condition.from_setting(rule) for rule in raw.get("rules", ()))
        return cls(rules, every=connector == "AND")

    def holds(self, message: Message) -> bool:
        wanted = all if self.every else any
        return wanted(rule.holds(message) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Groups of which all (``IF``, ``AND``), or one (``OR``), must hold.

    Whether a set without groups holds is for its component to say: a branch answers no, the
    rules engine yes.
    """

    groups: tuple[RuleGroup, ...] = ()
    every: bool = True

    @classmethod
    def from_setting(cls, raw: Any) -> Self:
        """Compile ``{type, groups}``.

        Raises:
            ValueError: with every group or rule that is wrong.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("groups", []), list):
            message = f"rules must be an object with a list of groups, not {raw!r}"
            raise ValueError(message)
        groups, wrong = [], []
        for number, group in enumerate(raw.get("groups", ()), start=1):
            try:
                groups.append(RuleGroup.from_setting(group))
            except ValueError as error:
                wrong.append(f"group {number}: {error}")
        if wrong:
            raise ValueError("; ".join(wrong))
        kind = choice(raw.get("type", "IF"), ("IF", "AND", "OR"), "type")
        return cls(tuple(groups), every=kind != "OR")

    def holds(self, message: Message, *, without_groups: bool = False) -> bool:
        if not self.groups:
            return without_groups and self.every
        wanted = all if self.every else any
        return wanted(group.holds(message) for group in self.groups)
