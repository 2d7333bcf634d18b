"""How large a message is, about: cheap enough to be counted always."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.codec import size_of
from engine.errors import CodecError

if TYPE_CHECKING:
    from engine.messages import Message

SAMPLE = 8  # items of a container that are looked at
DEPTH = 3


def estimate_size(message: Message, depth: int = DEPTH) -> int:
    """The size of a message as JSON text, in bytes, from a few of its items."""
    if isinstance(message, (str, bytes)):
        return len(message) + 2
    if isinstance(message, dict):
        return _of_items(message.values(), len(message), depth) + 12 * len(message)
    if isinstance(message, list):
        return _of_items(message, len(message), depth)
    return 8


def _of_items(items: object, count: int, depth: int) -> int:
    if not count or not depth:
        return 2 + 8 * count
    looked_at = [item for item, _ in zip(items, range(SAMPLE))]  # type: ignore[call-overload]  # noqa: B905 -- the first few
    total = sum(estimate_size(item, depth - 1) for item in looked_at)
    return int(2 + count * total / len(looked_at))


def size_or_zero(message: Message) -> int:
    """The exact size of a message on the wire; 0 if it cannot be written, which others tell."""
    try:
        return size_of(message)
    except CodecError:
        return 0
