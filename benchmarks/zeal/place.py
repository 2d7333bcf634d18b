"""A Valkey, a double of Zeal and a sync process: each our own, and each to be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import ROOT
from reflow_site.supervisor.broker import find_server

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 120.0


def wait(found: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """What is found, as soon as there is something."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        time.sleep(0.05)
    return value


@dataclass(slots=True)
class Double:
    """``python -m tests.fakes.zeal``; its record outlives it."""

    mode: str
    record: Path
    port: int = 0
    process: subprocess.Popen[str] = field(init=False)

    def start(self) -> None:
        options = ("--mode", self.mode, "--port", str(self.port), "--record", str(self.record))
        self.process = _start("-m", "tests.fakes.zeal", *options)
        said = self.process.stdout.readline() if self.process.stdout else ""
        self.port = int(said.rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell(self, what: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 -- our own double
            f"{self.url}/__double__/{what}", json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 -- likewise
            pass

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop_for(self, seconds: float) -> None:
        """It is there, and answers nobody."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)


class SyncProcess:
    """``manage.py sync`` for one double."""

    def __init__(self, double: Double, **settings: str) -> None:
        self._environment = {"ZEAL_URL": double.url, **settings}
        self.start()

    def start(self) -> None:
        self.process = _start("manage.py", "sync", **self._environment)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    @property
    def rss_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def _start(*arguments: str, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 -- our own programs
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def valkey(folder: Path) -> subprocess.Popen[bytes]:
    """A Valkey on a socket in this folder."""
    socket = folder / "valkey.sock"
    options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder))
    command = [str(find_server()), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 -- from a wheel
    wait(socket.exists)
    return process
