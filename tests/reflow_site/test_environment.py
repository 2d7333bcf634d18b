"""A wrong setting is told in one line, by its name and without a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from reflow_site.environment import Environment

DATABASE = (
    "DATABASE_URL is no address of a database, such as postgres://USER:PASSWORD@HOST:5432/NAME"
)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LEASE_SECONDS", "abc", "LEASE_SECONDS='abc' is no float"),
        ("API_USER_BURST", "1.5", "API_USER_BURST='1.5' is no int"),
        ("DATABASE_URL", "secret", DATABASE),
        ("DATABASE_URL", "postgress://me:secret@host/name", DATABASE),
        ("DATABASE_URL", "postgres://me:secret@host:port/name", DATABASE),
        (
            "REFLOW_VAR",
            "/dev/null/var",
            "REFLOW_VAR: nothing can be written in /dev/null/var: Not a directory",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(name: str, value: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, f"A setting is wrong: {said}\n")


def test_a_folder_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLOW_VAR", "/proc")

    with pytest.raises(ImproperlyConfigured) as caught:
        Environment().folder("REFLOW_VAR", Path("unused"))

    assert str(caught.value).startswith("REFLOW_VAR: nothing can be written in /proc: ")
