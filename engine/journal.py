"""The journal of a durable run: what was taken and given, committed before it is delivered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.messages import Message


@dataclass(frozen=True, slots=True)
class FailedFiring:
    """A firing that failed and was handled nowhere: what it had been given, and why."""

    inputs: Mapping[str, Message]
    error: str
    code: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The end of some firings of one node.

    Replayed in order, entries give every mailbox back: put each output into the inports that its
    port is connected to, and take so many of the oldest messages out of the consumed ones.

    Args:
        consumed: {inport: messages taken for good}; empty for a firing that goes on.
        outputs: {outport: messages}, in order.
        state: the node's state after these firings, if it has any.
        fired: firings that ended; 0 for one that goes on.
        failed: failures of the node so far, handled ones too.
        failures: those of these firings that were handled nowhere.
    """

    node: str
    consumed: Mapping[str, int]
    outputs: Mapping[str, list[Message]]
    state: Mapping[str, Message] = field(default_factory=dict)
    fired: int = 0
    failed: int = 0
    failures: tuple[FailedFiring, ...] = ()


class Journal(Protocol):
    async def commit(self, entries: list[JournalEntry]) -> None:
        """Make these durable. Only then do their outputs go on; an error ends the run."""
