"""What is known after a chaos run, as plain values: the input of the checker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TERMINAL = ("completed", "failed", "cancelled")
TERMINAL_EVENT = {"completed": "Completed", "failed": "Failed", "cancelled": "Cancelled"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that the server has promised, and how it said so; times are seconds since the epoch."""

    execution_id: str
    kind: str
    at: float
    answers: tuple[str, ...] = ("200",)  # a status each, or the name of a network error
    cancel_answer: str = ""  # of the request to stop it, if there was one


@dataclass(frozen=True, slots=True)
class Row:
    execution_id: str
    status: str
    attempt: int = 1
    attempts_lost: int = 0
    last_seq: int = 0
    error_code: str = ""
    error: str = ""
    outputs: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    execution_id: str
    seq: int
    type: str
    at: float
    node: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        """The process that wrote it, if it says so."""
        first, _, pid = str(self.data.get("text", "")).partition(" ")
        return int(pid) if first == "process" else 0


@dataclass(frozen=True, slots=True)
class Call:
    """An effect, as the ledger saw it."""

    at: float
    key: str
    run: str
    node: str
    item: Any
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault: when, what, on which worker if on one, and the processes that it hit."""

    at: float
    kind: str
    worker: str = ""
    pids: tuple[int, ...] = ()
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """A page said that a run was running, when its lease was over by so many seconds."""

    at: float
    execution_id: str
    overdue: float


@dataclass(frozen=True, slots=True)
class Stall:
    """The machine itself stood still: no process of the suite, which nothing hurts, went on."""

    at: float
    until: float


@dataclass(frozen=True, slots=True)
class Followed:
    """What a WebSocket client that reconnected saw of a run."""

    execution_id: str
    seqs: tuple[int, ...]
    status: str  # of the last frame


@dataclass(frozen=True, slots=True)
class Trial:
    """A single fault on a calm site: how many seconds it took to be mended, of how many allowed."""

    name: str
    seconds: float
    allowed: float


@dataclass(frozen=True, slots=True)
class Evidence:
    accepted: tuple[Accepted, ...] = ()
    rows: tuple[Row, ...] = ()
    events: tuple[Event, ...] = ()
    calls: tuple[Call, ...] = ()
    injected: tuple[Injected, ...] = ()
    said: tuple[Said, ...] = ()
    followed: tuple[Followed, ...] = ()
    changed: tuple[str, ...] = ()  # runs that a page showed in another status after their end
    refused: tuple[str, ...] = ()  # answers that no start may give, such as "500"
    trials: tuple[Trial, ...] = ()
    stalls: tuple[Stall, ...] = ()
    lease: float = 5.0
