"""What crosses the connections of a run, counted: at its limits the run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.codec import size_of
from engine.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.limits import Limits
    from engine.messages import Message
    from engine.network.mailbox import Link


class Meter:
    """Counts messages and looks at their size; ``end`` is called once, with a ``LimitError``."""

    __slots__ = ("_end", "_largest", "_left", "_most")

    def __init__(
        self, most: int | None, largest: int | None, end: Callable[[BaseException], None]
    ) -> None:
        self._most = most
        self._left = float("inf") if most is None else most
        self._largest = largest
        self._end = end

    def count(self, link: Link, messages: list[Message]) -> None:
        self._left -= len(messages)
        if self._left < 0:
            self._end(LimitError("max_messages", f"the run sent more than {self._most} messages"))
        if self._largest is None:
            return
        for message in messages:
            if _is_small(message, self._largest):
                continue
            if (size := size_of(message)) > self._largest:
                text = f"a message on {link.connection_id} has {size} bytes,"
                text = f"{text} more than {self._largest}"
                self._end(LimitError("max_message_bytes", text))
                return


def meter_of(limits: Limits, end: Callable[[BaseException], None]) -> Meter | None:
    """The meter of a network, if it has a limit to be held."""
    if limits.max_messages is None and limits.max_message_bytes is None:
        return None
    return Meter(limits.max_messages, limits.max_message_bytes, end)


def _is_small(message: Message, largest: int) -> bool:
    """Known without looking into it; a character has six bytes at most, a tag fewer than 64."""
    if isinstance(message, (str, bytes)):
        return 6 * len(message) + 64 <= largest
    return isinstance(message, (int, float, type(None)))
