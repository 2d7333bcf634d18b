"""The backend: ``ENGINE`` is ``reflow_site.sqlite3``."""

from __future__ import annotations

import random
import sqlite3
import time
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

LOOK_SECONDS = 0.002


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks every two milliseconds whether it may write.

    SQLite itself sleeps for up to 100 ms between two looks, and tells nobody that the lock is free:
    a dozen writers waited up to a second for a turn of one millisecond.
    """

    def _start_transaction_under_autocommit(self) -> None:
        if self.is_in_memory_db():  # its locks are those of the tables, and nobody waits for them
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # Django has no types
            return
        raw: Any = self.connection
        patience: float = self.settings_dict["OPTIONS"].get("timeout", 5.0)
        raw.execute("PRAGMA busy_timeout = 0")
        try:
            self._wait_for_turn(time.monotonic() + patience)
        finally:
            raw.execute(f"PRAGMA busy_timeout = {round(1000 * patience)}")

    def _wait_for_turn(self, deadline: float) -> None:
        while True:
            try:
                super()._start_transaction_under_autocommit()  # type: ignore[misc]  # Django has no types
            except OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(LOOK_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter


def is_busy(error: OperationalError) -> bool:
    """Whether another connection has the lock."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_BUSY
