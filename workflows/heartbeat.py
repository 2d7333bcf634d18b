"""A worker's sign of life: a row that a thread of its main process writes."""

from __future__ import annotations

import logging
import os
import threading

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models.functions import Now

from workflows.models import Worker

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0

# A child must not be forked while this thread has the database open: SQLite's locks would break.
_no_fork = threading.Lock()
os.register_at_fork(
    before=_no_fork.acquire, after_in_parent=_no_fork.release, after_in_child=_no_fork.release
)


class Heartbeat:
    """Writes the worker's row every five seconds, until ``stop``."""

    def __init__(self, name: str, slots: int) -> None:
        self._name = name
        self._slots = slots
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reflow-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say that the worker takes no further run, and end. Safe inside a signal handler."""
        self._stopping.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        # A new process is not what the one before it was.
        self._write(started_at=Now(), stopping=False, losses=0, quarantined_until=None)
        while not self._stopping.wait(INTERVAL_SECONDS):
            self._write(stopping=False)
        self._write(stopping=True)

    def _write(self, **columns: object) -> None:
        columns |= {"pid": os.getpid(), "slots": self._slots, "seen_at": Now()}
        with _no_fork:
            try:
                Worker.objects.update_or_create(
                    name=self._name,
                    defaults=columns,
                    create_defaults={"started_at": Now(), **columns},
                )
            except DatabaseError as error:
                logger.warning("worker %s: no sign of life written: %s", self._name, error)
            finally:
                connection.close()
