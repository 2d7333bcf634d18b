"""A real ``manage.py up`` on a free port and a folder of its own, as a test's neighbour."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx

from reflow_site.supervisor.credentials import Credentials, read

if TYPE_CHECKING:
    from collections.abc import Callable

Start: TypeAlias = "Callable[..., Server]"  # with the options of ``up``, and its environment

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0
OWN_SERVERS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL")


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def descendants(pid: int) -> dict[int, str]:
    """Each process below this one, with its command line; zombies are none."""
    rows = subprocess.run(
        ["ps", "-eww", "-o", "pid=,ppid=,stat=,args="],  # noqa: S607 -- on every PATH
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    table = [row.split(None, 3) for row in rows]
    found: dict[int, str] = {}
    parents = {pid}
    while parents:
        below = {
            int(row[0]): row[3] for row in table if int(row[1]) in parents and row[2][0] != "Z"
        }
        found |= below
        parents = set(below)
    return found


def children_of(pid: int) -> list[int]:
    """The processes right below this one; zombies are none."""
    below = descendants(pid)
    deeper = {pid for child in below for pid in descendants(child)}
    return sorted(set(below) - deeper)


def is_running(pid: int) -> bool:
    stat = subprocess.run(  # noqa: S603 -- a fixed command
        ["ps", "-o", "stat=", "-p", str(pid)],  # noqa: S607 -- on every PATH
        capture_output=True,
        check=False,
        text=True,
    ).stdout
    return bool(stat.strip()) and not stat.startswith("Z")


class Server:
    """The supervisor's process and what it has said so far.

    Its coverage is ``measured`` by one test only: it makes every process twice as slow.
    """

    def __init__(
        self, folder: Path, *options: str, measured: bool = False, **environment: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.said = ""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in OWN_SERVERS and (measured or "COVERAGE" not in name)
        }
        self.environment = {**inherited, "REFLOW_VAR": str(folder), **environment}
        self.process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "manage.py", "up", "--port", str(self.port), *options],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another ``manage.py`` command on the same folder."""
        return subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=START_SECONDS,
        )

    def wait_until_it_says(self, words: str, seconds: float = START_SECONDS) -> None:
        wait_for(lambda: words in self.said or self.process.poll() is not None, seconds)
        assert words in self.said, self.said

    def child(self, words: str) -> int:
        """The process id of our own child whose command line has these words."""
        children = descendants(self.process.pid)
        return next(pid for pid, command in children.items() if words in command)

    @property
    def credentials(self) -> Credentials:
        found = read(self.folder / "credentials.env")
        assert found
        return found

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.credentials.token}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=10)

    def start_run(self, graph: dict[str, Any]) -> str:
        with self.client() as client:
            answer = client.post("/workflows", json={"graph_json": graph, "input": {}})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["execution_id"])

    def status(self, execution_id: str) -> str:
        with self.client() as client:
            return str(client.get(f"/workflows/{execution_id}").json()["data"]["status"])

    def end(self) -> int:
        """Ctrl-C, and the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self._listener.join(20)
        return code

    def close(self) -> None:
        """Leave nothing behind, whatever the test has found."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._listener.join(20)

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.said += line
