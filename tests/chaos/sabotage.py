"""What the fault suite does inside the server's processes: clocks that jump, safeguards removed.

The product knows nothing of it: only ``tests.chaos.settings`` loads this app.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.utils import timezone

LONGEST_RESTART_DELAY = 1.0  # seconds; a supervisor's patience would only slow the suite down
SAFEGUARDS = ("fence", "reaper", "checkpoint")


class Sabotage(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        children = _module("reflow_site.supervisor.children")
        children.LONGEST_DELAY = LONGEST_RESTART_DELAY
        if file := os.environ.get("CHAOS_CLOCK"):
            set_clock(Path(file))
        if file := os.environ.get("CHAOS_HOLD_BROKER"):
            hold_broker(children.Child, Path(file))
        if safeguard := os.environ.get("CHAOS_WITHOUT"):
            remove(safeguard)


class WrongClock:
    """``time.time`` with an offset: the seconds that a symbolic link names, 0 without it.

    An object, because classes keep ``time.time`` as an attribute, and a function would become
    their method.
    """

    def __init__(self, link: Path) -> None:
        self._link = link
        self._right = time.time

    def __call__(self) -> float:
        try:
            return self._right() + float(str(self._link.readlink()))
        except OSError:
            return self._right()


def set_clock(link: Path) -> None:
    """Have the wall clock of this process go wrong while the link is there."""
    wrong = WrongClock(link)
    time.time = wrong
    timezone.now = lambda: datetime.fromtimestamp(wrong(), UTC)


def hold_broker(child: Any, file: Path) -> None:
    """While the file is there, a dead private broker is not started again."""
    tick = child.tick

    def held(self: Any) -> None:
        if self.spec.name != "broker" or not file.exists():
            tick(self)

    child.tick = held


def remove(safeguard: str) -> None:
    """Take one safeguard away: the checker has to notice."""
    if safeguard == "reaper":
        _module("workflows.recovery").reap = lambda: 0
    elif safeguard == "checkpoint":
        _module("workflows.runner")._journal = lambda *_: None
    else:
        _remove_fence()


def _remove_fence() -> None:
    """Every claim gets the same token, so that a superseded worker's writes count too."""
    lifecycle = _module("workflows.lifecycle")
    move, claim = lifecycle.move, lifecycle.Claim

    def unfenced(pk: Any, to: Any, *, held: int | None = None, **columns: Any) -> bool:
        columns.pop("token", None)
        return bool(move(pk, to, **columns))

    lifecycle.Claim = lambda pk, execution_id, _token, *rest: claim(pk, execution_id, 0, *rest)
    lifecycle.move = unfenced
    for name, module in list(sys.modules.items()):  # those that have imported it already
        if name.startswith("workflows.") and getattr(module, "move", None) is move:
            vars(module)["move"] = unfenced


def _module(name: str) -> Any:
    return import_module(name)
