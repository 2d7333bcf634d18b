from __future__ import annotations

import io
import os
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reflow_site.supervisor.children import Child, Spec, how_it_ended
from reflow_site.supervisor.output import Output
from tests.reflow_site.fakes import FakeClock, FakeLauncher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPEC = Spec("web", ("unused",))


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def launcher(clock: FakeClock) -> FakeLauncher:
    return FakeLauncher(clock)


@pytest.fixture
def child(said: io.StringIO, clock: FakeClock, launcher: FakeLauncher) -> Child:
    return Child(SPEC, Output(said), clock=clock, launch=launcher)


def tick_until(child: Child, clock: FakeClock, end: float) -> None:
    while clock.now < end:
        child.tick()
        clock.now = round(clock.now + 0.5, 3)


def test_a_child_that_dies_again_and_again_is_started_after_longer_and_longer_waits(
    child: Child, clock: FakeClock, launcher: FakeLauncher
) -> None:
    child.start()

    for _ in range(11):
        launcher.newest.code = 1
        starts = len(launcher.starts)
        while len(launcher.starts) == starts:
            child.tick()
            clock.now = round(clock.now + 0.1, 3)

    waits = [round(after - before, 3) for before, after in pairwise(launcher.starts)]
    noticed = [wait - 0.1 for wait in waits[1:]]  # at the first look after it
    assert waits[0] == 0.1
    assert noticed == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30], abs=0.101)


def test_a_child_that_lived_for_a_while_is_started_at_once_again(
    child: Child, clock: FakeClock, launcher: FakeLauncher
) -> None:
    child.start()
    launcher.newest.code = 1
    tick_until(child, clock, 3)
    tick_until(child, clock, 60)
    launcher.newest.code = -9

    tick_until(child, clock, 62)

    assert launcher.starts == [0.0, 0.5, 60.5]
    assert child.deaths == 1


def test_a_death_is_told_with_its_reason_and_the_wait(
    child: Child, launcher: FakeLauncher, said: io.StringIO
) -> None:
    child.start()
    launcher.newest.code = -signal.SIGKILL

    child.tick()

    assert said.getvalue() == "up     | web was ended by SIGKILL; starts again in 0.1 s\n"


def test_a_child_that_was_told_to_stop_is_not_started_again(
    child: Child, clock: FakeClock, launcher: FakeLauncher
) -> None:
    child.start()
    launcher.newest.code = 0

    child.stop()
    tick_until(child, clock, 60)

    assert launcher.starts == [0.0]
    assert child.has_ended()


def test_a_child_that_waits_for_its_next_start_has_ended(
    child: Child, launcher: FakeLauncher
) -> None:
    child.start()
    launcher.newest.code = 3
    child.tick()

    child.stop()
    child.kill()

    assert child.has_ended()
    assert child.pid is None


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "ended with code 0"), (7, "ended with code 7"), (-15, "was ended by SIGTERM")],
)
def test_an_end_is_told_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words


@pytest.fixture
def real() -> Iterator[Callable[..., tuple[Child, io.StringIO]]]:
    started: list[Child] = []

    def start(*command: str) -> tuple[Child, io.StringIO]:
        said = io.StringIO()
        child = Child(Spec("child", command, {"GREETING": "hello"}), Output(said))
        child.start()
        started.append(child)
        return child, said

    yield start
    for child in started:
        child.kill()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_real_childs_lines_are_shown_under_its_name(
    real: Callable[..., tuple[Child, io.StringIO]],
) -> None:
    program = "import os; print(os.environ['GREETING']); print(); print('\\xff')"

    _, said = real(sys.executable, "-c", program)

    wait_for(lambda: said.getvalue().count("\n") == 2)
    assert said.getvalue() == "child  | hello\nchild  | \xff\n"


def test_a_real_child_is_asked_to_end_and_ends(
    real: Callable[..., tuple[Child, io.StringIO]],
) -> None:
    child, _ = real("sleep", "60")

    child.stop()

    wait_for(child.has_ended)


def test_killing_a_child_kills_what_it_started_too(
    real: Callable[..., tuple[Child, io.StringIO]],
) -> None:
    child, said = real("sh", "-c", "sleep 60 & echo $!; wait")
    wait_for(said.getvalue)
    grandchild = int(said.getvalue().split("|")[1])

    child.kill()

    wait_for(lambda: not is_running(grandchild))


def is_running(pid: int) -> bool:
    """A zombie that nobody has reaped yet does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_has_a_group_of_its_own_in_the_session_of_all(
    real: Callable[..., tuple[Child, io.StringIO]],
) -> None:
    """Ctrl-C does not reach it; and Linux weighs its niceness against that of the others."""
    program = "import os; print(os.getpgid(0) == os.getpid(), os.getsid(0))"

    _, said = real(sys.executable, "-c", program)

    wait_for(said.getvalue)
    assert said.getvalue() == f"child  | True {os.getsid(0)}\n"
