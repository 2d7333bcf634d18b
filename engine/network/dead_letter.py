"""What is kept of a failed firing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.messages import Message

MAX_DEAD_LETTERS = 1_000  # kept with their messages; those after it are counted


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a failed firing had been given, and why it failed."""

    node: str
    inputs: Mapping[str, Message]
    error: str
    code: str
    attempts: int = 1
