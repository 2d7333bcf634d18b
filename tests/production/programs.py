"""The installed server programs, and one process of one of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

LEASH = Path(__file__).resolve().parents[2] / "reflow_site" / "supervisor" / "leash.py"
TAIL_CHARACTERS = 3_000


def newest_postgresql() -> str:
    """The folder of PostgreSQL's programs, which Debian keeps off the PATH."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    newest = max(folders, key=lambda folder: float(folder.parent.name), default=None)
    return str(newest) if newest else ""


def find_program(name: str, *, package: str, folder: str = "") -> str:
    """Where a program is; a failure that says what to install if it is nowhere."""
    path = os.pathsep.join(filter(None, (folder, os.environ.get("PATH", ""), "/usr/sbin")))
    found = shutil.which(name, path=path)
    if not found:
        pytest.fail(f"{name} is not installed: apt-get install {package}", pytrace=False)
    return found


class Process:
    """A process in a group of its own; what it says goes to a file beside its data.

    It ends when the tests end, even by kill -9.
    """

    def __init__(
        self,
        name: str,
        command: tuple[str, ...],
        folder: Path,
        environment: Mapping[str, str],
        *,
        user: str | None = None,
    ) -> None:
        self.name = name
        self._said = folder / f"{name}.log"
        leash = () if user else (sys.executable, str(LEASH), str(os.getpid()))
        with self._said.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 -- a program that we looked up
                (*leash, *command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd=LEASH.parents[2] if user is None else folder,
            )

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        return self._said.read_text("utf-8", "replace")[-TAIL_CHARACTERS:]

    def kill(self) -> None:
        """Kill -9 of the process alone, as an operator would; a second time is no error."""
        self.process.kill()
        self.process.wait(20)

    def stop(self, number: int = signal.SIGTERM, *, patience: float = 15.0) -> None:
        """Ask it to end, and after ``patience`` seconds end it with its whole group."""
        if self.runs:
            self.process.send_signal(number)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
