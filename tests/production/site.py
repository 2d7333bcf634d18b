"""The processes of Reflow as they run in production, and a client of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx

from tests.e2e.server import ROOT, free_port, wait_for
from tests.production.programs import Process

if TYPE_CHECKING:
    from pathlib import Path

LEASE_SECONDS = 3
START_SECONDS = 90.0
APPLICATION = "reflow_site.asgi:application"
WORKER = ("--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO")


class Site:
    """Two web processes, a worker and a keeper on servers that are given."""

    def __init__(self, folder: Path, **servers: str) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "REFLOW_VAR": str(folder / "var"),
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "DJANGO_SUPERUSER_PASSWORD": "only-for-this-test",
            "PYTHONUNBUFFERED": "1",
            **servers,
        }
        self.manage("migrate", "--verbosity", "0")
        self.manage("createsuperuser", "--noinput", "--username", "ops", "--email", "ops@localhost")
        self.token = self.manage("create_token", "ops")
        self.ports = (free_port(), free_port())
        self.processes: list[Process] = []

    def manage(self, *arguments: str) -> str:
        return subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=START_SECONDS,
        ).stdout.strip()

    def start(self) -> None:
        """The first web process pools its connections, the second one does not."""
        for number, port in enumerate(self.ports):
            command = ("uvicorn", "--port", str(port), "--lifespan", "off", APPLICATION)
            pool = {"DATABASE_POOL_SIZE": "4"} if number == 0 else {}
            self._run(f"web-{number}", *command, **pool)
        self.worker = self.start_worker()
        self._run("keeper", "keeper")
        wait_for(lambda: all(map(self._answers, range(len(self.ports)))), START_SECONDS)
        wait_for(lambda: "ready." in self.worker.said, START_SECONDS)

    def start_worker(self) -> Process:
        self.worker = self._run("worker", "celery", "-A", "reflow_site", "worker", *WORKER)
        return self.worker

    def stop(self) -> None:
        for process in self.processes:
            process.stop()

    def client(self, web: int = 0) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[web]}",
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
            timeout=15,
        )

    def start_run(self, graph: dict[str, Any], **metadata: str) -> str:
        with self.client() as client:
            body = {"graph_json": graph, "input": {}, "metadata": metadata}
            answer = client.post("/workflows", json=body)
        assert answer.status_code == 200, answer.text + self.processes[0].said
        return str(answer.json()["data"]["execution_id"])

    def status(self, execution_id: str) -> str:
        return str(self.execution(execution_id)["status"])

    def execution(self, execution_id: str) -> dict[str, Any]:
        with self.client() as client:
            found: dict[str, Any] = client.get(f"/api/v1/executions/{execution_id}").json()
        return found

    def events(self, execution_id: str) -> list[dict[str, Any]]:
        with self.client() as client:
            answer = client.get(f"/api/v1/executions/{execution_id}/events").json()
        found: list[dict[str, Any]] = answer["results"]
        return found

    def wait_until(self, execution_id: str, status: str, seconds: float = 40.0) -> float:
        """How many seconds it took; if it does not come, what the worker said last."""
        started = time.monotonic()
        while (now := self.status(execution_id)) != status:
            waited = time.monotonic() - started
            assert waited < seconds, f"{now}, not {status}\n{self.worker.said}"
            time.sleep(0.1)
        return time.monotonic() - started

    def _run(self, name: str, *arguments: str, **environment: str) -> Process:
        own = arguments[0] == "keeper"
        program = ("manage.py",) if own else ("-m",)
        command = (sys.executable, *program, *arguments)
        made = Process(name, command, self.folder, self.environment | environment)
        self.processes.append(made)
        return made

    def _answers(self, web: int) -> bool:
        process = self.processes[web]
        assert process.runs, process.said
        try:
            with self.client(web) as client:
                return client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False
