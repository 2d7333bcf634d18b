"""Which programs make the server, and with what options each is run."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reflow_site.supervisor.children import Spec

if TYPE_CHECKING:
    from pathlib import Path

    from reflow_site.supervisor.address import Address

APPLICATION = "reflow_site.asgi:application"
SILENCED = "ignore:You're running the worker with superuser privileges"


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody asked ``manage.py up`` for."""

    address: Address
    workers: int
    examples: bool
    asgi_server: str
    var_dir: Path
    max_message_bytes: int  # of one WebSocket message
    ping_seconds: int = 20  # between two pings of a WebSocket
    worker_patience: float = 40.0  # seconds; it hands its runs back before
    zeal: bool = False  # there is one to be told what runs


def default_workers() -> int:
    return max(4, 2 * (os.cpu_count() or 1))


def specs(plan: Plan) -> tuple[Spec, ...]:
    """The children beside the broker, in the order in which they end."""
    here = hashlib.sha256(os.fsencode(plan.var_dir)).hexdigest()[:6]
    worker = ("worker", "--concurrency", str(plan.workers), "--hostname", f"up-{here}@%h")
    quiet = ("--loglevel", "WARNING")
    sync = (_python("sync", "manage.py", "sync"),) if plan.zeal else ()
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return (
        _python("web", *_web(plan)),
        _celery("worker", *worker, *alone, *quiet, patience=plan.worker_patience),
        _python("keeper", "manage.py", "keeper"),
        _celery("beat", "beat", "--pidfile=", *quiet),
        *sync,
    )


def _web(plan: Plan) -> tuple[str, ...]:
    host, port, most = plan.address.host, str(plan.address.port), str(plan.max_message_bytes)
    if plan.asgi_server == "uvicorn":
        quiet = ("--log-level", "warning", "--no-access-log", "--lifespan", "off")
        size = ("--ws-max-size", most, "--ws-ping-interval", str(plan.ping_seconds))
        return ("-m", "uvicorn", "--host", host, "--port", port, *quiet, *size, APPLICATION)
    limit = ("--websocket-max-message-size", most, "--websocket-max-frame-size", most)
    daphne = ("-m", "reflow_site.bounded_daphne", "-b", host, "-p", port, "-v", "0")
    return (*daphne, *limit, "--ping-interval", str(plan.ping_seconds), APPLICATION)


def _celery(name: str, command: str, *options: str, patience: float = 10.0) -> Spec:
    arguments = ("-m", "celery", "--quiet", "-A", "reflow_site", command, *options)
    return _python(name, *arguments, patience=patience)


def _python(name: str, *arguments: str, patience: float = 10.0) -> Spec:
    environment = {
        "PYTHONUNBUFFERED": "1",  # a line is shown when it is written
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", SILENCED),
    }
    return Spec(name, (sys.executable, *arguments), environment, patience)
