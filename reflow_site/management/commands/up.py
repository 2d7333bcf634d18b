"""``manage.py up``: the whole server in the foreground, on a machine that has nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from engine.config import load_config
from engine.errors import ConfigError
from reflow_site.supervisor.address import AddressError, parse
from reflow_site.supervisor.broker import NoBrokerError
from reflow_site.supervisor.lock import AlreadyRunningError
from reflow_site.supervisor.output import Output
from reflow_site.supervisor.plan import Plan, default_workers
from reflow_site.supervisor.server import Server, StartError

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

REFUSALS = (AddressError, AlreadyRunningError, ConfigError, NoBrokerError, StartError)


class Command(BaseCommand):
    help = (
        "Start web server, workers, keeper, scheduler, Zeal's sync, and a broker if none is given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, help="port of the web server (8080)")
        parser.add_argument("--bind", help="its address, HOST or HOST:PORT (127.0.0.1:8080)")
        parser.add_argument(
            "--workers",
            type=int,
            default=default_workers(),
            help="runs at the same time (4, or twice the cores)",
        )
        parser.add_argument("--no-examples", action="store_true", help="load and run no example")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            Server(_plan(options), Output(self.stdout)).run()
        except REFUSALS as error:
            raise CommandError(str(error)) from error


def _plan(options: dict[str, Any]) -> Plan:
    if options["workers"] < 1:
        raise CommandError("--workers must be at least 1")
    file = settings.REFLOW_CONFIG
    configured = load_config(file if file.exists() else None, os.environ).networking.bind_address
    return Plan(
        address=parse(options["bind"] or configured, options["port"]),
        workers=options["workers"],
        examples=not options["no_examples"],
        asgi_server=settings.ASGI_SERVER,
        var_dir=settings.VAR_DIR,
        max_message_bytes=settings.API_MAX_BODY_BYTES,
        ping_seconds=settings.WS_PING_SECONDS,
        zeal=bool(settings.ZEAL_URL),
        worker_patience=settings.DRAIN_SECONDS + settings.KILL_SECONDS + 10,
    )
