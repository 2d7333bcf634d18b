"""A database that breaks by plan: at the Nth statement it fails, loses its answer, or is late.

The layer between Django and the driver counts every statement of every thread, commits and COPY
too. The errors are the driver's own.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTAGE = 5  # statements in a row that fail while the database is away
LATE_SECONDS = 0.005
_TABLE = re.compile(r'(?:FROM|INTO|UPDATE|COPY)\s+"?(\w+)', re.IGNORECASE)


class Fault(StrEnum):
    REFUSED = "refused"  # the statement fails, as over a limit; the connection stays
    LOST = "lost"  # the connection breaks before it
    UNANSWERED = "unanswered"  # it takes effect, and then the connection breaks
    AWAY = "away"  # nothing goes for some statements
    LATE = "late"  # it takes its time
    OVERTAKEN = "overtaken"  # it takes so long that the lease runs out, and another goes on


@dataclass(slots=True)
class Plan:
    """What happens at which statement, counted from 1; ``seen`` is what came by."""

    at: int = 0
    fault: Fault = Fault.REFUSED
    meanwhile: Callable[[], None] = lambda: None  # what others do if it is overtaken
    seen: list[str] = field(default_factory=list)  # kind and table
    struck: str = ""  # the statement that the fault met
    _lock: Any = field(default_factory=threading.RLock)

    def meets(self, text: str) -> Fault | None:
        """Count a statement; the fault that it meets."""
        kind = text.split(None, 1)[0].upper() if text.strip() else "?"
        table = _TABLE.search(text)
        name = f"{kind} {table[1]}" if table else kind
        with self._lock:
            self.seen.append(name)
            number = len(self.seen)
        length = OUTAGE if self.fault is Fault.AWAY else 1
        if not self.at <= number < self.at + length or not self.at:
            return None
        self.struck = self.struck or name
        return self.fault


@contextmanager
def breaking(plan: Plan) -> Iterator[Plan]:
    """Every connection of this process obeys the plan."""
    wrapper: Any = CursorWrapper
    base: Any = BaseDatabaseWrapper
    execute, commit = wrapper._execute_with_wrappers, base._commit

    def executes(self: Any, sql: Any, params: Any, many: bool, executor: Any) -> Any:
        with struck_by(plan, self.db, str(sql)):
            return execute(self, sql, params, many, executor)

    def commits(self: Any) -> None:
        with struck_by(plan, self, "COMMIT"):
            commit(self)

    @contextmanager
    def copies(self: Any, sql: str) -> Iterator[Any]:
        with struck_by(plan, self.db, sql), self.cursor.copy(sql) as copy:
            yield copy

    wrapper._execute_with_wrappers, wrapper.copy, base._commit = executes, copies, commits
    try:
        yield plan
    finally:
        wrapper._execute_with_wrappers, base._commit = execute, commit
        del wrapper.copy


@contextmanager
def struck_by(plan: Plan, db: Any, text: str) -> Iterator[None]:
    """One statement, with what befalls it."""
    fault = plan.meets(text)
    if fault is Fault.OVERTAKEN and is_idle(db):
        overtake(plan)
    if fault is Fault.LATE:
        threading.Event().wait(LATE_SECONDS)
    if fault is Fault.REFUSED:
        refuse(db)
    if fault in (Fault.LOST, Fault.AWAY):
        lose(db)
    yield
    if fault is Fault.UNANSWERED:
        lose(db)


def is_idle(db: Any) -> bool:
    """Whether no transaction has begun, so that others can write."""
    if db.vendor == "postgresql":
        return int(db.connection.info.transaction_status) == 0
    return not db.connection.in_transaction


def overtake(plan: Plan) -> None:
    """Others work, on connections of their own, while this statement waits."""
    at, plan.at = plan.at, 0
    errors: list[BaseException] = []

    def work() -> None:
        try:
            plan.meanwhile()
        except BaseException as error:  # noqa: BLE001 -- raised below
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    plan.at = at
    if errors:
        raise errors[0]


def refuse(db: Any) -> None:
    """The statement fails in the server: a transaction that is open cannot go on."""
    if db.vendor == "postgresql":
        text = "DO $$ BEGIN RAISE EXCEPTION 'refused by plan' USING ERRCODE = '57014'; END $$"
        with db.wrap_database_errors:
            db.connection.execute(text)
    _raise(db, sqlite3.SQLITE_BUSY)


def lose(db: Any) -> None:
    """The connection is gone, with the transaction that is open."""
    if db.vendor == "postgresql":
        db.connection.close()
        with db.wrap_database_errors:
            db.connection.execute("SELECT 1")
    if db.connection.in_transaction:  # SQLite takes it back by itself
        db.connection.rollback()
    _raise(db, sqlite3.SQLITE_CANTOPEN)


def _raise(db: Any, code: int) -> None:
    error = sqlite3.OperationalError("broken by plan")
    error.sqlite_errorcode = code
    with db.wrap_database_errors:
        raise error
