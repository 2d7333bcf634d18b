"""All children together: kept alive while we run, ended in their order."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from reflow_site.supervisor.children import Child
    from reflow_site.supervisor.output import Output

TICK_SECONDS = 0.1
QUIET_SECONDS = 5.0  # of an ending, before a reader is told what it waits for
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(Exception):
    """Somebody asked the supervisor to end, by Ctrl-C or SIGTERM."""


class Family:
    """The children, in the order in which they were started."""

    def __init__(self, output: Output) -> None:
        self.children: list[Child] = []
        self._output = output
        self._wake = threading.Event()
        self._asked = 0

    def listen_to_signals(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def start(self, *children: Child) -> None:
        """Start children; they are kept alive by :meth:`wait`.

        Raises:
            StoppedError: we were asked to end.
        """
        self.check()
        for child in children:
            child.start()
            self.children.append(child)

    def check(self) -> None:
        if self._asked:
            raise StoppedError

    def wait(self, until: Callable[[], object], seconds: float | None = None) -> bool:
        """Keep all children alive until something is true.

        Returns:
            False when it did not become true in that many seconds.

        Raises:
            StoppedError: we were asked to end meanwhile.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while not until():
            self.check()
            if deadline is not None and time.monotonic() > deadline:
                return False
            for child in self.children:
                child.tick()
            self._wake.wait(TICK_SECONDS)
        return True

    def stop(self) -> None:
        """End the children one after the other; a second signal ends them at once."""
        for child in sorted(self.children, key=lambda child: child.spec.ends_last):
            self._stop(child)
        self.children.clear()

    def _stop(self, child: Child) -> None:
        started = time.monotonic()
        patience = child.spec.patience
        told = False
        child.stop()
        while not child.has_ended() and self._asked < 2:
            waited = time.monotonic() - started
            if waited > patience:
                self._output.say(f"{child.spec.name} did not end in {patience:g} s; it is killed")
                break
            if waited > QUIET_SECONDS and not told:
                self._output.say(f"waiting for {child.spec.name}; Ctrl-C again ends it at once")
                told = True
            time.sleep(TICK_SECONDS / 4)
        child.kill()
        self._output.say(f"{child.spec.name} has ended")

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1
        self._wake.set()
