"""Processes and a clock that a test moves by hand."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from reflow_site.supervisor.children import Spec

NO_SUCH_PID = 2**22 + 1  # above the kernel's greatest


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeProcess:
    code: int | None = None
    pid: int = NO_SUCH_PID
    stdout: IO[str] | None = None

    def poll(self) -> int | None:
        return self.code

    def wait(self, timeout: float | None = None) -> int:
        return self.code or 0


@dataclass
class FakeLauncher:
    """Remembers when what was started; its newest process can be made to die."""

    clock: FakeClock
    starts: list[float] = field(default_factory=list)
    newest: FakeProcess = field(default_factory=FakeProcess)

    def __call__(self, spec: Spec) -> FakeProcess:
        self.starts.append(self.clock.now)
        self.newest = FakeProcess()
        return self.newest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
