"""Why a database cannot serve just now, read from its driver's error: full, slow or away."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from django.db import InterfaceError, OperationalError


class Trouble(StrEnum):
    """What passes by itself, or once somebody has made room; no fault of what was asked."""

    FULL = "storage_full"
    SLOW = "database_slow"  # a statement, a lock or a transaction took longer than it may
    AWAY = "unavailable"


_SQLITE = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR: Trouble.FULL,  # what a full disk may be for the files beside it
    sqlite3.SQLITE_BUSY: Trouble.SLOW,
    sqlite3.SQLITE_LOCKED: Trouble.SLOW,
    sqlite3.SQLITE_READONLY: Trouble.AWAY,
    sqlite3.SQLITE_CANTOPEN: Trouble.AWAY,
}
# SQLSTATEs, or the classes they begin with; the first that fits.
_POSTGRESQL = (
    ("53100", Trouble.FULL),
    ("58030", Trouble.FULL),  # an I/O error
    ("57014", Trouble.SLOW),  # statement_timeout
    ("55P03", Trouble.SLOW),  # lock_timeout
    ("25P03", Trouble.SLOW),  # idle_in_transaction_session_timeout
    ("40P01", Trouble.SLOW),  # a deadlock, of which this one was chosen
    ("25006", Trouble.AWAY),  # read only: a standby
    ("53", Trouble.AWAY),  # too many connections, no memory
    ("57P", Trouble.AWAY),  # shutting down, starting up
    ("08", Trouble.AWAY),  # the connection broke
)


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What an error, or what it came from, says about the database; None if it is another's."""
    while error is not None:
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and (code & 0xFF) in _SQLITE:  # the rest of it is detail
            return _SQLITE[code & 0xFF]
        state = getattr(error, "sqlstate", None)
        if state is not None:
            return next(
                (trouble for start, trouble in _POSTGRESQL if state.startswith(start)), None
            )
        lost = isinstance(error, (OperationalError, InterfaceError)) and error.__cause__ is None
        if lost or type(error).__module__.partition(".")[0] in ("psycopg", "psycopg_pool"):
            return Trouble.AWAY  # no word from the server: it could not be reached
        error = error.__cause__
    return None
