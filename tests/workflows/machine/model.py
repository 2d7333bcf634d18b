"""What a run is to be, in plain Python: written from docs/reliability.md, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

OVER = {"completed", "failed", "cancelled"}


@dataclass(slots=True)
class Run:
    """One run; ``holder`` is the claim that may write, if a worker has it."""

    number: int  # in the order in which they were started
    priority: int
    workflow: str  # empty: none
    status: str = "queued"
    holder: Any = None
    events: int = 0
    lost: int = 0
    lost_by: str = ""
    cancel_asked: bool = False
    pause_asked: bool = False
    lease_over: bool = False
    overdue: bool = False
    aged: bool = False

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def may_write(self) -> bool:
        return self.status in ("running", "paused") and self.holder is not None

    def end(self, status: str) -> None:
        """The end, which is its last event."""
        self.status, self.holder = status, None
        self.events += 1

    def cancel(self) -> None:
        if self.may_write:
            self.cancel_asked = True
        elif not self.is_over:
            self.end("cancelled")

    def pause(self) -> bool:
        """False if it is refused."""
        if self.is_over or self.cancel_asked or self.pause_asked or self.status == "waiting":
            return False
        self.pause_asked = True
        if self.status == "queued":
            self.status = "paused"
            self.events += 1
        return True

    def resume(self) -> bool:
        """False if it is refused."""
        if self.is_over or self.cancel_asked or not self.pause_asked:
            return False
        self.pause_asked = False
        if self.status == "paused":
            self.status = "running" if self.holder is not None else "queued"
            self.events += 1
        return True

    def leave(self, *, told: bool) -> None:
        """Its worker has it no more: back to the queue, or paused."""
        if self.pause_asked:
            self.events += self.status != "paused"
            self.status = "paused"
        else:
            self.status = "queued"
        self.holder = None
        self.lease_over = False
        self.events += told

    def hand_back(self, *, told: bool) -> None:
        if self.cancel_asked:
            self.end("cancelled")
        else:
            self.leave(told=told)

    def lose(self, worker: str, most: int) -> None:
        """Its attempt was lost; after the last it fails."""
        self.lost += 1
        self.lost_by = worker
        if self.lost >= most:
            self.end("failed")
        else:
            self.leave(told=True)

    def wait(self) -> None:
        if self.cancel_asked:
            self.end("cancelled")
        else:
            self.status, self.holder = "waiting", None


def in_use(runs: Iterable[Run], workflow: str) -> int:
    """The slots of a workflow that are taken."""
    return sum(run.workflow == workflow and run.may_write for run in runs)


def live(runs: Iterable[Run], workflow: str) -> list[Run]:
    """What counts where a start that finds no slot is refused or takes the place of another."""
    return [
        run
        for run in runs
        if run.workflow == workflow
        and not run.is_over
        and not run.cancel_asked
        and not (run.status == "paused" and run.holder is None)
    ]
