from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reflow_site.supervisor import leash
from reflow_site.supervisor.leash import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable

LEASH = Path(leash.__file__)
GUARDIAN = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, {leash!r}, str(os.getpid()), "sleep", "60"])
print(child.pid, flush=True)
time.sleep(60)
"""
WATCHED = """
import os, sys, time
from reflow_site.supervisor import leash
os.setsid()
leash.POLL_SECONDS = 0.05
leashed = os.getpid()
if os.fork() == 0:
    leash.watch(int(sys.argv[1]), leashed)
print("ready", flush=True)
time.sleep(float(sys.argv[2]))
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    with process.stdout:
        return process.stdout.readline()


def runs(pid: int) -> bool:
    """Whether it does; a zombie that nobody has reaped does not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a watcher does it, tested below")
def test_a_leashed_process_ends_when_its_parent_is_killed() -> None:
    guardian = run(GUARDIAN.format(leash=str(LEASH)))
    leashed = int(first_line(guardian))
    wait_until(lambda: b"sleep" in Path(f"/proc/{leashed}/cmdline").read_bytes()[:6])

    guardian.kill()
    guardian.wait()

    wait_until(lambda: not runs(leashed))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a watcher does it, tested below")
def test_a_process_whose_parent_is_gone_already_does_not_start() -> None:
    nobody = "1" if os.getpid() != 1 else "2"

    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, str(LEASH), nobody, "echo", "started"], capture_output=True, check=False
    )

    assert (done.returncode, done.stdout) == (1, b"")


def test_a_watcher_kills_its_group_when_the_parent_is_gone() -> None:
    parent = subprocess.Popen(["sleep", "60"])  # noqa: S607 -- on every PATH
    watched = run(WATCHED, str(parent.pid), "60")
    assert first_line(watched) == "ready\n"

    parent.kill()
    parent.wait()

    assert watched.wait(20) == -signal.SIGKILL


def test_a_watcher_ends_with_the_process_it_watches_for() -> None:
    with run(WATCHED, str(os.getpid()), "0") as watched:
        assert watched.wait(20) == 0
        assert watched.stdout
        assert watched.stdout.read() == "ready\n"  # to its end: the watcher has let go too


def test_a_process_of_another_user_is_alive() -> None:
    assert is_alive(1)
    assert is_alive(os.getpid())
    assert not is_alive(2**22 + 1)
