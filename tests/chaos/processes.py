"""The processes of one ``manage.py up``, found by what they run."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal

ROLES = {  # by the end of a word of the command
    "web": (".bounded_daphne", "uvicorn"),
    "broker": ("/valkey-server", "/redis-server"),
    "keeper": ("keeper",),
    "worker": ("worker",),
    "beat": ("beat",),
}


@dataclass(frozen=True, slots=True)
class Family:
    """A child of the supervisor, with what it has started itself."""

    role: str
    pid: int
    children: tuple[int, ...]
    worker: str = ""  # the name by which the database knows it

    @property
    def pids(self) -> tuple[int, ...]:
        return (self.pid, *self.children)


def families(supervisor: int) -> list[Family]:
    """Its children that are known by their role; zombies are none."""
    found = []
    for pid in children_of(supervisor):
        words = command_of(pid)
        role = _role(words)
        if role:
            found.append(Family(role, pid, tuple(children_of(pid)), _worker_name(words)))
    return found


def children_of(pid: int) -> list[int]:
    with suppress(OSError):
        files = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for file in files for child in file.read_text().split()]
    return []


def command_of(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


def _role(words: list[str]) -> str:
    spoken = " ".join(words).split()  # a server may write its title into one word
    for role, names in ROLES.items():
        if any(word.endswith(names) for word in spoken):
            return role
    return ""


def _worker_name(words: list[str]) -> str:
    if "--hostname" not in words:
        return ""
    return words[words.index("--hostname") + 1].replace("%h", socket.gethostname())


def send(pids: tuple[int, ...], number: signal.Signals) -> None:
    """To those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
