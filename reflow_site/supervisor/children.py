"""The children of the supervisor: started, listened to, started again when they die, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from reflow_site.supervisor.output import Output

LEASH = Path(__file__).with_name("leash.py")
PROJECT = Path(__file__).resolve().parents[2]
FIRST_DELAY = 0.1
LONGEST_DELAY = 30.0
HEALTHY_AFTER = 20.0  # seconds alive, after which a death counts as the first again

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Spec:
    """How one child is run, and how it ends."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 10.0  # seconds to end in, before it is killed
    ends_last: bool = False  # others need it while they end
    socket: Path | None = None  # where others reach it; of no use without it


class Process(Protocol):
    """The part of ``subprocess.Popen`` that a child needs."""

    pid: int
    stdout: IO[str] | None

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...


Launch = Callable[[Spec], Process]


def launch(spec: Spec) -> Process:
    """Start the command in a group of its own, so that Ctrl-C reaches the supervisor only.

    Not in a session of its own: Linux weighs sessions against each other, and ``WORKER_NICE`` would
    mean nothing to the other children.
    """
    leash = (sys.executable, "-I", "-S", str(LEASH), str(os.getpid()))
    return subprocess.Popen(  # noqa: S603 -- our own commands
        [*leash, *spec.command],
        cwd=PROJECT,
        env={**os.environ, **spec.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
        text=True,
        errors="replace",
    )


class Child:
    """One process that is kept alive. All methods belong to the main thread.

    The main thread must start it: the kernel ends a leashed process with the *thread* that
    started it.
    """

    def __init__(
        self,
        spec: Spec,
        output: Output,
        *,
        clock: Clock = time.monotonic,
        launch: Launch = launch,
    ) -> None:
        self.spec = spec
        self.deaths = 0  # in a row
        self._output = output
        self._clock = clock
        self._launch = launch
        self._process: Process | None = None
        self._started_at = 0.0
        self._start_at: float | None = None  # when the next start is due
        self._stopping = False
        self._listened = False  # its socket was there

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._start_at = None
        self._started_at = self._clock()
        self._listened = False
        self._process = self._launch(self.spec)
        if self._process.stdout:
            lines = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
            lines.start()

    def tick(self) -> None:
        """Notice a death, or a socket that somebody has removed; start again when it is time."""
        if self._stopping:
            return
        if self._process and (code := self._process.poll()) is not None:
            self._mourn(self._process.pid, code)
        elif self._process and self.spec.socket:
            self._look_for(self.spec.socket, self._process.pid)
        elif self._start_at is not None and self._clock() >= self._start_at:
            self.start()

    def stop(self) -> None:
        """Ask it to end; :meth:`has_ended` tells whether it has."""
        self._stopping = True
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it and all that it started, now."""
        self._stopping = True
        if self._process:
            kill_group(self._process.pid)
            self._process.wait(timeout=10)

    def _mourn(self, pid: int, code: int) -> None:
        kill_group(pid)  # a worker that was killed leaves its pool behind
        self._process = None
        lived = self._clock() - self._started_at
        self.deaths = 1 if lived >= HEALTHY_AFTER else self.deaths + 1
        delay = min(FIRST_DELAY * 2 ** (self.deaths - 1), LONGEST_DELAY)
        self._start_at = self._clock() + delay
        self._output.say(f"{self.spec.name} {how_it_ended(code)}; starts again in {delay:g} s")

    def _look_for(self, socket: Path, pid: int) -> None:
        """A removed socket does not come back: without a new start nobody could connect again."""
        there = socket.exists()
        if self._listened and not there:
            self._output.say(f"{self.spec.name}: {socket} is gone; it is ended and started again")
            kill_group(pid)
        self._listened = there

    def _listen(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                if text := line.rstrip():
                    self._output.line(self.spec.name, text)


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS: not permitted on a group of zombies
        return


def how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
