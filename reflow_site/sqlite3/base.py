"""The backend: ``ENGINE`` is ``reflow_site.sqlite3``."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.sqlite3 import base

LOOK_SECONDS = 0.001
BEHIND = 4  # times as long in a process that gives way to others, such as a worker


@dataclass(slots=True)
class _Queue:
    """Those of this process who want to write to one file: the first looks, the others wait."""

    first: threading.Lock = field(default_factory=threading.Lock)
    moved: threading.Event = field(default_factory=threading.Event)  # one of us is done


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks every millisecond whether it may write, and at once when a thread of ours is done.

    SQLite itself sleeps for up to 100 ms between two looks, and tells nobody that the lock is free:
    a dozen writers waited up to a second for a turn of one millisecond.
    """

    _queues: defaultdict[str, _Queue] = defaultdict(_Queue)

    def _start_transaction_under_autocommit(self) -> None:
        if self.is_in_memory_db():  # its locks are those of the tables, and nobody waits for them
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # Django has no types
            return
        patience: float = self.settings_dict["OPTIONS"].get("timeout", 5.0)
        deadline = time.monotonic() + patience
        raw: Any = self.connection
        with self.wrap_database_errors:
            raw.execute("PRAGMA busy_timeout = 0")
            try:
                self._wait_for_turn(raw, deadline)
            finally:
                raw.execute(f"PRAGMA busy_timeout = {round(1000 * patience)}")

    def _wait_for_turn(self, raw: Any, deadline: float) -> None:
        mode: str | None = self.transaction_mode  # type: ignore[attr-defined]  # Django has no types
        begin = f"BEGIN {mode or ''}"
        queue = self._queue
        in_front = queue.first.acquire(timeout=max(0.0, deadline - time.monotonic()))
        try:
            while True:
                queue.moved.clear()
                try:
                    raw.execute(begin)
                except sqlite3.OperationalError as error:
                    if not is_busy(error) or time.monotonic() > deadline:
                        raise
                else:
                    return
                queue.moved.wait(LOOK_SECONDS * (BEHIND if os.nice(0) > 0 else 1))
        finally:
            if in_front:
                queue.first.release()

    @property
    def _queue(self) -> _Queue:
        return self._queues[str(self.settings_dict["NAME"])]

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._queue.moved.set()

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._queue.moved.set()


# A child of a worker has none of its parent's threads: what one of them held is nobody's there.
os.register_at_fork(after_in_child=DatabaseWrapper._queues.clear)  # noqa: SLF001 -- ours


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection has the lock; the higher bits say what for."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
