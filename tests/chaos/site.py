"""A site to be hurt: one or two ``manage.py up``, and the servers that a profile has beside them.

One thread owns all of it: the kernel ends a leashed process with the thread that started it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx

from reflow_site.supervisor.credentials import read
from tests.chaos.database import ERRORS, Database
from tests.chaos.processes import families
from tests.e2e.server import OWN_SERVERS, ROOT, free_port, wait_for
from tests.production.programs import Process
from tests.production.servers import Postgresql, RabbitMQ, RedisServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.processes import Family

PROFILES = ("sqlite", "postgres", "rabbitmq")
LEASE_SECONDS = 5.0
START_SECONDS = 120.0
RESTART_SECONDS = 0.5
DISK_MIB = 768


class Machine:
    """One ``manage.py up`` in a folder of its own."""

    def __init__(self, site: Site, number: int, workers: int) -> None:
        self.name = f"up-{number}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock = site.folder / f"clock-{number}"
        self.var = site.disk / "var" if number == 0 else site.folder / f"var-{number}"
        self._site = site
        self._command = (
            *(sys.executable, "manage.py", "up", "--no-examples"),
            *("--port", str(self.port), "--workers", str(workers)),
        )
        self.died_at: float | None = None
        self.process: Process | None = None

    def launch(self) -> None:
        own = {"REFLOW_VAR": str(self.var), "CHAOS_CLOCK": str(self.clock)}
        environment = self._site.environment | own
        self.process = Process(self.name, self._command, self._site.folder, environment)
        self.died_at = None

    def families(self, role: str = "") -> list[Family]:
        if self.process is None or not self.process.runs:
            return []
        return [one for one in families(self.process.process.pid) if role in ("", one.role)]


class Site:
    """All of it, in a folder that is removed when it was not worth keeping."""

    def __init__(self, folder: Path, profile: str, ledger: str, workers: int, without: str) -> None:
        self.folder = folder
        self.profile = profile
        self.held: set[str] = set()  # servers that stay dead for now
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.small_disk = _mount(self.disk)
        self.hold_broker = folder / "hold-broker"
        self.postgres: Postgresql | None = None
        self.redis: RedisServer | None = None
        self.rabbit: RabbitMQ | None = None
        servers = self._start_servers()
        host = ledger.split("/")[2]
        inherited = {name: value for name, value in os.environ.items() if name not in OWN_SERVERS}
        self.environment = inherited | {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "REFLOW_ACTORS": "tests.chaos.actors:ACTORS",
            "CHAOS_LEDGER": ledger,
            "CHAOS_HOLD_BROKER": str(self.hold_broker),
            "CHAOS_WITHOUT": without,
            "HTTP_ALLOW_PRIVATE": host,
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "SECRET_KEY": secrets.token_urlsafe(40),
            "API_USER_RATE": "1000",
            "API_USER_BURST": "3000",
            "PYTHONUNBUFFERED": "1",
            **servers,
        }
        count = 1 if profile == "sqlite" else 2
        self.machines = [Machine(self, number, workers // count) for number in range(count)]
        first = self.machines[0]
        url = servers.get("DATABASE_URL")
        self.database = Database(url or str(first.var / "reflow.sqlite3"))
        self.token = ""

    def start(self) -> None:
        """Up and answering, with a worker on each machine."""
        for machine in self.machines:  # the first one migrates
            machine.launch()
            wait_for(lambda machine=machine: self._is_up(machine), START_SECONDS)  # type: ignore[misc]
        found = read(self.machines[0].var / "credentials.env")
        assert found
        self.token = found.token
        wait_for(self.is_whole, START_SECONDS)

    def is_whole(self) -> bool:
        """Every machine serves and has a worker that says it lives."""
        try:
            alive = self.database.read("SELECT count(*) FROM workflows_worker WHERE NOT stopping")
        except ERRORS:
            return False
        busy = all(
            {one.role for one in machine.families()} >= {"web", "worker", "keeper"}
            for machine in self.machines
        )
        return busy and alive[0][0] >= len(self.machines) and all(map(self._is_up, self.machines))

    def tend(self) -> None:
        """Start again what has died, as an operator's process manager does."""
        for machine in self.machines:
            if machine.process is None or machine.process.runs:
                continue
            if machine.died_at is None:
                machine.died_at = time.monotonic()
            elif time.monotonic() - machine.died_at > RESTART_SECONDS:
                machine.launch()
        servers = {"postgres": self.postgres, "redis": self.redis, "rabbit": self.rabbit}
        for name, server in servers.items():
            if server is not None and name not in self.held and not server.process.runs:
                server.launch()

    def stop(self) -> None:
        for machine in self.machines:
            if machine.process is not None:
                machine.process.stop(patience=40)
        for server in (self.redis, self.rabbit, self.postgres):
            if server is not None:
                server.stop()

    def remove(self, *, keep: bool) -> None:
        """Give the small disk back; what was on it, and all else, stays if it is to be kept."""
        if keep and self.small_disk:
            sockets = shutil.ignore_patterns("*.sock", ".s.PGSQL*")
            shutil.copytree(self.disk, self.folder / "kept", ignore=sockets)
        if self.small_disk:
            subprocess.run(["umount", "-l", str(self.disk)], check=False)  # noqa: S603, S607 -- ours
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, machine: int = 0) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = self.machines[machine % len(self.machines)].url
        return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=15)

    def manage(self, *arguments: str) -> None:
        own = {"REFLOW_VAR": str(self.machines[0].var)}
        subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | own,
            check=True,
            timeout=START_SECONDS,
        )

    def _start_servers(self) -> dict[str, str]:
        if self.profile == "sqlite":
            return {}
        self.postgres = Postgresql(self.disk)
        self.redis = RedisServer(self.folder)
        found = {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url}
        if self.profile == "rabbitmq":
            self.rabbit = RabbitMQ(self.folder)
            found["BROKER_URL"] = self.rabbit.url
        return found | {"ASGI_SERVER": "uvicorn"}

    def _is_up(self, machine: Machine) -> bool:
        process = machine.process
        assert process is not None
        assert process.runs, process.said
        with suppress(httpx.TransportError):
            return httpx.get(f"{machine.url}/readyz", trust_env=False).status_code == 200
        return False


def _mount(folder: Path) -> bool:
    """A small disk of its own, which can be full; only root may have one."""
    folder.chmod(0o755)
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=755", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0  # noqa: S603
