from __future__ import annotations

import io
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from reflow_site.supervisor.children import Child, Spec
from reflow_site.supervisor.family import SIGNALS, Family, StoppedError
from reflow_site.supervisor.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterator

STUBBORN = ("sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done")


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def output(said: io.StringIO) -> Output:
    return Output(said)


@pytest.fixture
def family(output: Output) -> Iterator[Family]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    made = Family(output)
    yield made
    made.stop()
    for number, handler in before.items():
        signal.signal(number, handler)


def child(name: str, output: Output, *command: str, **options: float | bool) -> Child:
    return Child(Spec(name, command or ("sleep", "60"), **options), output)  # type: ignore[arg-type]


def test_children_end_in_the_order_of_their_start_and_the_broker_last(
    family: Family, output: Output, said: io.StringIO
) -> None:
    family.start(child("broker", output, ends_last=True))
    family.start(child("web", output), child("worker", output))

    family.stop()

    assert said.getvalue().splitlines() == [
        "up     | web has ended",
        "up     | worker has ended",
        "up     | broker has ended",
    ]
    assert family.children == []


def test_a_child_that_does_not_end_in_its_time_is_killed(
    family: Family, output: Output, said: io.StringIO
) -> None:
    family.start(child("worker", output, *STUBBORN, patience=0.2))
    family.wait(said.getvalue, 20)

    family.stop()

    assert said.getvalue().splitlines()[1:] == [
        "up     | worker did not end in 0.2 s; it is killed",
        "up     | worker has ended",
    ]


def test_a_child_that_dies_is_started_again_while_we_wait(family: Family, output: Output) -> None:
    mortal = child("web", output)
    family.start(mortal)
    first = mortal.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)

    assert family.wait(lambda: mortal.pid not in (None, first), 20)


def test_a_wait_has_an_end(family: Family) -> None:
    assert family.wait(lambda: False, 0.01) is False


def test_a_signal_ends_a_wait_and_every_further_start(family: Family, output: Output) -> None:
    family.listen_to_signals()
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()

    with pytest.raises(StoppedError):
        family.wait(lambda: False)
    with pytest.raises(StoppedError):
        family.start(child("web", output))

    assert family.children == []


def test_a_second_signal_ends_a_child_at_once_that_others_would_wait_for(
    family: Family, output: Output, said: io.StringIO
) -> None:
    family.listen_to_signals()
    family.start(child("worker", output, *STUBBORN, patience=60))
    family.wait(said.getvalue, 20)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()

    family.stop()

    assert time.monotonic() - started < 20
    assert said.getvalue().splitlines()[-1] == "up     | worker has ended"


def test_a_reader_is_told_what_a_slow_end_waits_for(
    family: Family, output: Output, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reflow_site.supervisor.family.QUIET_SECONDS", 0.1)
    family.start(child("worker", output, *STUBBORN, patience=0.5))
    family.wait(said.getvalue, 20)

    family.stop()

    assert "waiting for worker; Ctrl-C again ends it at once" in said.getvalue()
