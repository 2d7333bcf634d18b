"""The short form of ``make chaos``: two machines, and faults for about half a minute."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.server import ROOT

pytestmark = [pytest.mark.production, pytest.mark.timeout(300)]

SHORT = ("--runs", "70", "--faults", "18", "--trials", "0", "--seed", "4")


def test_no_promise_is_broken_by_random_faults() -> None:
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "tests.chaos", "--profile", "postgres", *SHORT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=280,
    )

    assert done.returncode == 0, done.stdout
