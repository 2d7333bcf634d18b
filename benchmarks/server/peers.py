"""The same forty tasks on Celery and on Prefect, each with a server of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.machine import ROOT
from tests.e2e.server import free_port, wait_for
from tests.production.programs import Process
from tests.production.servers import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

APP = "benchmarks.server.celery_app"
START_SECONDS = 90.0


def celery(workers: int) -> dict[str, float]:
    """Seconds of forty tasks, as a chain and as a group; the worker takes as many at once."""
    with tempfile.TemporaryDirectory(prefix="reflow-bench-") as name:
        folder = Path(name)
        redis = RedisServer(folder)
        environment = os.environ | {"PEER_URL": redis.url}
        options = ("--concurrency", str(workers), "--loglevel", "WARNING")
        command = (sys.executable, "-m", "celery", "-A", APP, "worker", *options)
        worker = Process("celery", command, folder, environment)
        try:
            return _figures((sys.executable, "-m", APP), environment)
        finally:
            worker.stop()
            redis.stop()


def prefect() -> dict[str, float]:
    """Seconds of forty tasks in a row, in a flow that a Prefect server records.

    Raises:
        subprocess.CalledProcessError: it could not be installed.
        AssertionError: its server did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="reflow-bench-") as name:
        folder = Path(name)
        python = _installed(folder, "prefect", "fastapi<0.150")  # it fails on a newer one
        with _prefect_server(folder, python) as environment:
            return _figures((python, str(Path(__file__).with_name("prefect_flow.py"))), environment)


def _installed(folder: Path, *packages: str) -> str:
    python = str(folder / "venv" / "bin" / "python")
    uv = (sys.executable, "-m", "uv")
    for command in (
        (*uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")),
        (*uv, "pip", "install", "--quiet", "--python", python, *packages),
    ):
        subprocess.run(command, check=True)  # noqa: S603 -- our own commands
    return python


@contextmanager
def _prefect_server(folder: Path, python: str) -> Iterator[dict[str, str]]:
    port = free_port()
    environment = os.environ | {
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    command = (python, "-m", "prefect", "server", "start", "--port", str(port))
    server = Process("prefect", command, folder, environment)
    try:
        wait_for(lambda: _answers(f"{environment['PREFECT_API_URL']}/health"), START_SECONDS)
        yield environment
    finally:
        server.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _figures(command: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, float]:
    said = subprocess.run(  # noqa: S603 -- our own commands
        command, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    rows = (line.split() for line in said.splitlines())
    return {row[0]: float(row[1]) for row in rows if len(row) == 2}
