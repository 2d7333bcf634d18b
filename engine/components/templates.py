"""Messages as text, and texts with ``${...}`` in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from engine.codec import dumps
from engine.components.paths import ROOT, Path

if TYPE_CHECKING:
    from engine.messages import Message

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")


def as_text(message: Message) -> str:
    """A text as it is, anything else as compact JSON with sorted keys: equal ones are equal texts.

    Raises:
        CodecError: JSON has no room for the value.
    """
    return message if isinstance(message, str) else dumps(message, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Template:
    """A text in which ``${value}`` stands for the message and ``${a.b}`` for one of its fields."""

    text: str
    literals: tuple[str, ...]
    paths: tuple[Path, ...]  # the n-th stands between the n-th and the next literal

    @classmethod
    def from_setting(cls, value: Any) -> Self:
        """Compile a setting.

        Raises:
            ValueError: it is not a text, or a placeholder is not a path.
        """
        if not isinstance(value, str):
            raise ValueError(f"must be a text, not {value!r}")
        literals = _PLACEHOLDER.split(value)
        names = [name.strip() for name in literals[1::2]]
        paths = (ROOT if name == "value" else Path.from_setting(name) for name in names)
        return cls(value, tuple(literals[::2]), tuple(paths))

    def fill(self, message: Message) -> str:
        """The text for one message; a field that is missing reads ``null``."""
        values = [as_text(path.get(message)) for path in self.paths]
        return "".join(
            text for pair in zip(self.literals, [*values, ""], strict=True) for text in pair
        )
