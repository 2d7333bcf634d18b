"""How long a web process lets PostgreSQL take; workers, keeper and commands wait for it.

SQLite has one such limit for all, ``SQLITE_BUSY_SECONDS``.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections


def web_options() -> str:
    """Options of the server for one connection; a limit of 0 is none."""
    seconds = {
        "statement_timeout": settings.DATABASE_STATEMENT_SECONDS,
        "lock_timeout": settings.DATABASE_LOCK_SECONDS,
        "idle_in_transaction_session_timeout": settings.DATABASE_IDLE_SECONDS,
    }
    return " ".join(f"-c {name}={round(1000 * value)}" for name, value in seconds.items() if value)


def limit_this_process() -> None:
    """For every connection that is opened from now on."""
    database: dict[str, Any] = connections.settings["default"]
    if database["ENGINE"].endswith("postgresql") and (ours := web_options()):
        given = database.setdefault("OPTIONS", {}).get("options", "")
        database["OPTIONS"]["options"] = f"{ours} {given}".strip()  # what stands later wins
