from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from reflow_site.supervisor.lock import sole_owner
from tests.e2e.server import free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    settings.REFLOW_CONFIG = tmp_path / "reflow.toml"
    return tmp_path


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("up", *arguments)
    return str(caught.value)


def test_a_second_start_in_the_same_folder_is_refused(folder: Path) -> None:
    with sole_owner(folder, "http://127.0.0.1:1"):
        said = refusal("--port", "1")

    assert said.startswith(
        f"Reflow already runs in {folder} at http://127.0.0.1:1 (process {os.getpid()})."
    )


def test_a_taken_port_is_refused_before_anything_starts(folder: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        said = refusal("--port", str(port))

    assert said.startswith(f"Port {port} is taken by another program.")
    assert [path.name for path in folder.iterdir()] == ["up.lock"]


def test_the_address_of_reflow_toml_is_used(folder: Path) -> None:
    (folder / "reflow.toml").write_text('[networking]\nbind_address = "203.0.113.1:81"\n')

    assert refusal().startswith("Cannot listen on 203.0.113.1")


def test_an_option_goes_before_reflow_toml(folder: Path) -> None:
    (folder / "reflow.toml").write_text('[networking]\nbind_address = "203.0.113.1:81"\n')

    assert refusal("--bind", "203.0.113.2").startswith("Cannot listen on 203.0.113.2")


def test_a_wrong_reflow_toml_is_refused(folder: Path) -> None:
    (folder / "reflow.toml").write_text("[networking]\nencryption_enabled = true\n")

    assert refusal().startswith("[networking] encryption_enabled: asks for encryption")


def test_no_workers_are_refused() -> None:
    assert refusal("--workers", "0") == "--workers must be at least 1"


def test_a_port_that_is_none_is_refused() -> None:
    assert refusal("--port", "70000") == "70000 is no port: 1 to 65535"


def test_a_database_that_cannot_be_used_is_told_in_one_line(folder: Path) -> None:
    taken = folder / "taken"
    taken.mkdir()

    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "manage.py", "up", "--port", str(free_port())],
        cwd=settings.BASE_DIR,
        env={**os.environ, "REFLOW_VAR": str(folder), "DATABASE_URL": f"sqlite:///{taken}"},
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "CommandError: The database cannot be used: unable to open database file\n"
    )
