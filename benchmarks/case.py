"""A case: one program with its size, and how it is run in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Measured

if TYPE_CHECKING:
    from collections.abc import Mapping

DEADLINE = 120.0  # seconds for one process


@dataclass(frozen=True, slots=True)
class Case:
    """One program of ``benchmarks/engine`` or ``benchmarks/peers``.

    Args:
        name: how tables and targets call it; unique.
        program: ``module:function``, which gives a ``Measured``.
        arguments: by name, for the function.
    """

    name: str
    program: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    once: bool = False  # long, and steady enough to be run in one round only


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process gave: measured, or the reason why not."""

    measured: Measured | None
    failure: str = ""


def run(case: Case, scale: float = 1.0, deadline: float = DEADLINE) -> Outcome:
    """Run a case in a process of its own, which is killed after ``deadline`` seconds.

    Args:
        scale: of the case's messages.
    """
    arguments = dict(case.arguments)
    if "messages" in arguments:
        arguments["messages"] = max(int(arguments["messages"] * scale), 100)
    command = [sys.executable, "-m", "benchmarks.child", case.program]
    try:
        done = subprocess.run(  # noqa: S603 -- our own modules
            [*command, json.dumps(arguments)],
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(None, f"hung: killed after {deadline:g} s")
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Outcome(None, last)
    return Outcome(Measured(**json.loads(lines[-1])))
