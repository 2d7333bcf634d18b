"""The setting of the rules engine: rules with what each does to a message that matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from engine.components.rules import RuleSet
from engine.messages import FrozenDict, freeze

if TYPE_CHECKING:
    from engine.messages import Message


@dataclass(frozen=True, slots=True)
class Rule:
    """When a message matches, and what is then set in it and sent besides it."""

    name: str
    conditions: RuleSet
    properties: FrozenDict  # key -> value, written into an Object
    outputs: tuple[tuple[str, Message], ...]  # (port, message)

    @classmethod
    def from_setting(cls, raw: Any, name: str) -> Self:
        """Compile one rule object; ``name`` is for one that has none.

        Raises:
            ValueError: with what is wrong in it.
        """
        if not isinstance(raw, Mapping):
            raise ValueError(f"a rule must be an object, not {raw!r}")
        actions = {} if raw.get("actions") is None else raw["actions"]
        if not isinstance(actions, Mapping):
            raise ValueError(f"actions must be an object, not {actions!r}")
        given = raw.get("name") or raw.get("id")
        return cls(
            name=given if isinstance(given, str) else name,
            conditions=RuleSet.from_setting(raw),
            properties=FrozenDict(_pairs(actions, "setProperty", "key")),
            outputs=tuple(_pairs(actions, "setOutput", "port")),
        )

    def matches(self, message: Message) -> bool:
        """A rule of type ``IF`` without groups matches everything."""
        return self.conditions.holds(message, without_groups=True)

    def applied(self, message: Message) -> Message:
        """The message with the rule's properties; what is no Object stays as it is."""
        if self.properties and isinstance(message, dict):
            return FrozenDict({**message, **self.properties})
        return message


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules in the order in which they are tried; the first that matches wins."""

    json_type: ClassVar[str] = "any"  # an object, or a list of them

    rules: tuple[Rule, ...] = ()

    @classmethod
    def from_setting(cls, raw: Any) -> Self:
        """Compile one rule object, or a list of them.

        Raises:
            ValueError: with every rule that is wrong.
        """
        if isinstance(raw, Mapping):
            return cls((Rule.from_setting(raw, "rule 1"),)) if raw else cls()
        if not isinstance(raw, list):
            raise ValueError(f"must be a rule object or a list of them, not {raw!r}")
        rules, wrong = [], []
        for number, item in enumerate(raw, start=1):
            try:
                rules.append(Rule.from_setting(item, f"rule {number}"))
            except ValueError as error:
                wrong.append(f"rule {number}: {error}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return cls(tuple(rules))


def _pairs(actions: Mapping[str, Any], action: str, name: str) -> list[tuple[str, Message]]:
    items = [] if actions.get(action) is None else actions[action]
    if not isinstance(items, list):
        raise ValueError(f"{action} must be a list of {{{name}, value}}, not {items!r}")
    for item in items:
        if not (isinstance(item, Mapping) and isinstance(item.get(name), str) and item[name]):
            raise ValueError(f"{action} must hold objects {{{name}, value}}, not {item!r}")
    return [(item[name], freeze(item.get("value"))) for item in items]
