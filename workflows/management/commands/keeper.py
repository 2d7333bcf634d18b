"""``manage.py keeper``: ends what was lost and wakes what was forgotten, without the broker."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from workflows.partitions import Ahead
from workflows.recovery import ClockGuard, elect, resign, round_of_keeper
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from argparse import ArgumentParser

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Queue runs again whose worker is lost, and wake queued ones; safe to run in any number."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ahead = Ahead()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit")

    def handle(self, *_args: Any, **options: Any) -> None:
        holder = f"{socket.gethostname()}:{os.getpid()}"
        if options["once"]:
            self._round(holder)
            resign(holder)
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self._keep(holder, stop)

    def _keep(self, holder: str, stop: threading.Event) -> None:
        guard = ClockGuard(settings.LEASE_SECONDS / 5, settings.LEASE_SECONDS)
        logger.info("the keeper %s is up", holder)
        troubled = Repeats(logger)
        reaping_from = 0.0
        while not stop.is_set():
            try:
                if guard.trusted():
                    self._round(holder, reaping=time.monotonic() >= reaping_from)
                    troubled.right("the database takes writes again")
            except DatabaseError as error:
                text = "the database did not answer; trying again: %s"
                troubled.wrong(text, error, level=logging.ERROR)
                connection.close()
                reaping_from = time.monotonic() + settings.LEASE_SECONDS
            stop.wait(TICK_SECONDS)
        resign(holder)

    def _round(self, holder: str, *, reaping: bool = True) -> None:
        if elect(holder):
            round_of_keeper(reaping=reaping)
            self._ahead.look()
