"""Where a figure is taken: a fresh database, and our server on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import ROOT
from tests.e2e.server import Server, wait_for
from tests.with_postgres import private_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILES = ("sqlite", "postgresql")
# The bench is one client: the limits for one user would end it, not the server.
UNBOUND = {"API_USER_RATE": "1000000", "API_USER_BURST": "1000000", "QUEUE_LIMIT_USER": "100000"}


@contextmanager
def database(profile: str) -> Iterator[str]:
    """The URL of an empty database."""
    if profile == "postgresql":
        with private_server() as url:
            yield url
    else:
        with tempfile.TemporaryDirectory(prefix="reflow-bench-") as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"


def inside(name: str, url: str) -> list[float]:
    """What ``benchmarks.server.inside`` measures, in a process of its own."""
    answer = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "benchmarks.server.inside", name],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout
    figures: list[float] = json.loads(answer.splitlines()[-1])
    return figures


@contextmanager
def running_server(url: str, workers: int) -> Iterator[Server]:
    """``manage.py up`` with everything, ready to take work."""
    with tempfile.TemporaryDirectory(prefix="reflow-bench-") as folder:
        more: dict[str, Any] = {**UNBOUND, "DATABASE_URL": url, "LOG_LEVEL": "WARNING"}
        server = Server(Path(folder), "--workers", str(workers), **more)
        try:
            server.wait_until_it_says("Look at it:")
            wait_for(lambda: _healthy(server), 60)
            yield server
        finally:
            server.end()
            server.close()


def _healthy(server: Server) -> bool:
    with server.client() as client:
        return client.get("/readyz").status_code == 200
