"""Paths into a message, such as ``order.items[0].price``, compiled when a node is built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from engine.messages import FrozenDict, FrozenList, Message, OptionalValue, type_name

_PART = re.compile(r"(?P<key>[^.\[\]]+)?(?P<indexes>(?:\[\d+\])*)")
_INDEX = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Path:
    """Where to look in a message. The empty path is the message itself.

    A key that holds dots or brackets is found by its exact name before the path is walked. On
    a list a number counts from 0, written ``[0]`` or ``.0``.
    """

    text: str = ""
    steps: tuple[str, ...] = ()

    @classmethod
    def from_setting(cls, value: Any) -> Self:
        """Compile a setting.

        Raises:
            ValueError: it is not a text, or not a path.
        """
        if not isinstance(value, str):
            raise ValueError(f"must be a field or path, not {value!r}")
        steps: list[str] = []
        for number, part in enumerate(value.split(".") if value else ()):
            match = _PART.fullmatch(part)
            if match is None or not part or (number and not match["key"]):
                raise ValueError(f"{value!r} is not a path such as 'a.b[0].c'")
            steps += [match["key"]] if match["key"] else []
            steps += _INDEX.findall(match["indexes"])
        return cls(value, tuple(steps))

    def __bool__(self) -> bool:
        return bool(self.steps)

    def get(self, message: Message) -> Message:
        """What is there; None if nothing is."""
        value = message.value if isinstance(message, OptionalValue) else message
        if isinstance(value, dict) and self.text in value and self.steps:
            return value[self.text]
        for step in self.steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def put(self, message: Message, new: Message) -> Message:
        """A copy of the message with ``new`` at this path; objects on the way are made.

        Raises:
            ValueError: something on the way is neither an Object nor an existing list element.
        """
        if isinstance(message, dict) and self.text in message and self.steps:
            return FrozenDict({**message, self.text: new})
        return self._put(message, self.steps, new)

    def _put(self, value: Message, steps: tuple[str, ...], new: Message) -> Message:
        if not steps:
            return new
        step, rest = steps[0], steps[1:]
        if isinstance(value, dict):
            inner = value.get(step)
            inner = FrozenDict() if inner is None else inner
            return FrozenDict({**value, step: self._put(inner, rest, new)})
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            items = list(value)
            items[int(step)] = self._put(items[int(step)], rest, new)
            return FrozenList(items)
        raise ValueError(f"cannot set {self.text!r}: {step!r} is not in {type_name(value)}")


ROOT = Path()
