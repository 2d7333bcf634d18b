"""``manage.py keeper``: ends what was lost and wakes what was forgotten, without the broker."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from workflows.partitions import Ahead
from workflows.recovery import (
    Reaper,
    elect,
    end_overdue,
    resign,
    round_of_keeper,
    wake_forgotten,
)
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from argparse import ArgumentParser

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
TROUBLE = "the database did not answer; trying again: %s"


class Command(BaseCommand):
    help = "Queue runs again whose worker is lost, and wake queued ones; safe to run in any number."
    requires_system_checks = ()  # they take a second in which nobody keeps, and others make them

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ahead = Ahead()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit")

    def handle(self, *_args: Any, **options: Any) -> None:
        holder = f"{socket.gethostname()}:{os.getpid()}"
        if options["once"]:
            if elect(holder):
                round_of_keeper()
                self._ahead.look()
            resign(holder)
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self._keep(holder, stop)

    def _keep(self, holder: str, stop: threading.Event) -> None:
        logger.info("the keeper %s is up", holder)
        leads = threading.Event()
        # Beside the rest: a broker that hangs takes its time for each hint.
        waker = threading.Thread(target=_wake, args=(leads, stop), name="waker", daemon=True)
        waker.start()
        reaper = Reaper()
        troubled = Repeats(logger)
        while not stop.is_set():
            try:
                # The first also without the lease of a keeper that was killed just now.
                if reaper.look() and elect(holder):
                    leads.set()
                    end_overdue()
                    self._ahead.look()
                    troubled.right("the database takes writes again")
                else:
                    leads.clear()
            except DatabaseError as error:
                leads.clear()
                troubled.wrong(TROUBLE, error, level=logging.ERROR)
                connection.close()
                reaper.rest()
            stop.wait(TICK_SECONDS)
        waker.join()
        resign(holder)


def _wake(leads: threading.Event, stop: threading.Event) -> None:
    troubled = Repeats(logger)
    while not stop.wait(TICK_SECONDS):
        if not leads.is_set():
            continue
        try:
            wake_forgotten()
            troubled.right("the database answers again")
        except DatabaseError as error:
            troubled.wrong(TROUBLE, error, level=logging.ERROR)
            connection.close()
    connection.close()
