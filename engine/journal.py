"""The journal of a durable run: what was taken and given, committed before it is delivered.

Of a node with an unsafe effect it also holds that a firing is about to begin: if that is all it
holds, nobody knows whether the effect has happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.messages import Message


@dataclass(frozen=True, slots=True)
class FailedFiring:
    """A firing that failed and was handled nowhere: what it had been given, and why."""

    inputs: Mapping[str, Message]
    error: str
    code: str
    attempts: int = 1


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
        closes: the key of the intent that this ends; empty if there was none.
    """

    node: str
    consumed: Mapping[str, int]
    outputs: Mapping[str, list[Message]]
    state: Mapping[str, Message] = field(default_factory=dict)
    fired: int = 0
    failed: int = 0
    failures: tuple[FailedFiring, ...] = ()
    closes: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A firing whose effect is unsafe is about to begin.

    Args:
        key: its idempotency key; no two firings of a run have the same.
        digest: sha256 of its inputs, in hexadecimal digits.
        inputs: what it is given; a journal may keep the beginning of it only.
        at: seconds since the epoch.
    """

    node: str
    key: str
    digest: str
    inputs: Mapping[str, Message]
    at: float


JournalRecord: TypeAlias = "JournalEntry | Intent"


class Verdict(StrEnum):
    """What becomes of a firing that is in doubt."""

    RERUN = "rerun"  # it fires again, with the same key
    SKIP = "skip"  # it is done, and gave nothing
    OUTPUT = "output"  # it is done, and gave what somebody says


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on one firing; ``outputs`` is {outport: messages}, for OUTPUT."""

    verdict: Verdict
    outputs: Mapping[str, list[Message]] = field(default_factory=dict)


class Journal(Protocol):
    async def commit(self, entries: list[JournalRecord]) -> None:
        """Make these durable. Only then do their outputs go on; an error ends the run."""
