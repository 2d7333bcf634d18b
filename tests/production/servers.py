"""Private PostgreSQL, Redis and RabbitMQ: own ports, own data, never the machine's services."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from amqp import Connection as AmqpConnection
from amqp.exceptions import AMQPError
from redis import Redis, RedisError

from tests.e2e.server import free_port, wait_for
from tests.production.programs import Process, find_program, newest_postgresql

if TYPE_CHECKING:
    from pathlib import Path

READY_SECONDS = 60.0
LOCAL = "127.0.0.1"


class Postgresql:
    """One cluster, on a free port. Its programs refuse root, so root runs them as ``postgres``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "postgresql"
        self.folder.mkdir()
        self.port = free_port()
        self.url = f"postgres://reflow@{LOCAL}:{self.port}/postgres"
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        initdb, self._program = (
            find_program(name, package="postgresql", folder=newest_postgresql())
            for name in ("initdb", "postgres")
        )
        subprocess.run(  # noqa: S603 -- the program that we looked up
            [initdb, "-D", "data", "-U", "reflow", "-A", "trust", "-E", "UTF8", "--locale=C"],
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=READY_SECONDS,
        )
        self.start()

    def start(self) -> None:
        self.launch()
        wait_for(self._answers, READY_SECONDS)

    def launch(self) -> None:
        """Start it, and do not wait until it answers."""
        options = ("-p", str(self.port), "-k", str(self.folder), "-c", f"listen_addresses={LOCAL}")
        command = (self._program, "-D", str(self.folder / "data"), *options)
        self.process = Process(
            "postgres", command, self.folder, {"PATH": os.environ["PATH"]}, user=self.user
        )

    def stop(self) -> None:
        """At once, and with every connection cut: PostgreSQL's fast mode."""
        self.process.stop(signal.SIGINT)

    def _answers(self) -> bool:
        assert self.process.runs, self.process.said
        try:
            psycopg.connect(self.url.replace("postgres://", "postgresql://")).close()
        except psycopg.OperationalError:
            return False
        return True


class RedisServer:
    """The channel layer's server; it keeps nothing on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://{LOCAL}:{self.port}/0"
        self.launch()
        wait_for(self._answers, READY_SECONDS)

    def launch(self) -> None:
        """Start it, and do not wait until it answers."""
        program = find_program("redis-server", package="redis-server")
        options = ("--port", str(self.port), "--bind", LOCAL, "--save", "")
        command = (program, *options, "--dir", str(self.folder))
        self.process = Process("redis", command, self.folder, os.environ)

    def stop(self) -> None:
        self.process.stop()

    def _answers(self) -> bool:
        assert self.process.runs, self.process.said
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except RedisError:
            return False


class RabbitMQ:
    """A node with its own name, ports, data, cookie and port mapper (epmd)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "rabbitmq"
        self.folder.mkdir()
        self.port = free_port()
        self.url = f"amqp://guest:guest@{LOCAL}:{self.port}//"
        # Debian's wrapper on the PATH would change to its own user, and so to its own data.
        self._program = find_program(
            "rabbitmq-server", package="rabbitmq-server", folder="/usr/lib/rabbitmq/bin"
        )
        mapper_port = free_port()
        self._environment = self._settings(mapper_port)
        epmd = find_program("epmd", package="erlang-base")
        self._mapper = Process(
            "epmd", (epmd, "-port", str(mapper_port), "-address", LOCAL), folder, self._environment
        )
        self.start()

    def _settings(self, mapper_port: int) -> dict[str, str]:
        here = str(self.folder)
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text("loopback_users.guest = true\n")
        return {
            "PATH": f"{os.environ['PATH']}:/usr/sbin",
            "HOME": here,  # the node's cookie is written there
            "ERL_EPMD_PORT": str(mapper_port),
            "ERL_EPMD_ADDRESS": LOCAL,
            "RABBITMQ_NODENAME": f"reflow-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOCAL,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{here}/mnesia",
            "RABBITMQ_LOG_BASE": f"{here}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{here}/enabled_plugins",
            "RABBITMQ_CONFIG_FILE": f"{here}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{here}/none",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{here}/none.config",
            "RABBITMQ_PID_FILE": f"{here}/pid",
        }

    def start(self) -> None:
        self.launch()
        wait_for(self._answers, READY_SECONDS)

    def launch(self) -> None:
        """Start it, and do not wait until it answers."""
        self.process = Process("rabbitmq", (self._program,), self.folder, self._environment)

    def kill(self) -> None:
        """Kill -9 of the whole node."""
        os.killpg(self.process.process.pid, signal.SIGKILL)
        self.process.process.wait(20)

    def signal(self, number: int) -> None:
        """SIGSTOP makes it hang with its connections open; SIGCONT goes on."""
        os.killpg(self.process.process.pid, number)

    def wipe(self) -> None:
        """Lose everything it had; only while it is dead."""
        with suppress(FileNotFoundError):  # it died before it had any
            shutil.rmtree(self.folder / "mnesia")

    def stop(self) -> None:
        if self.process.runs:
            self.kill()  # nobody needs its data any more
        self._mapper.stop()

    def _answers(self) -> bool:
        assert self.process.runs, self.process.said
        try:
            with AmqpConnection(f"{LOCAL}:{self.port}", connect_timeout=2, read_timeout=5):
                return True
        except (OSError, AMQPError):
            return False
