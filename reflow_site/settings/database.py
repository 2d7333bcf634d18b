"""The database, and how long a web process waits for it."""

from __future__ import annotations

from typing import Any

from reflow_site.settings.place import VAR_DIR, env


def _database() -> dict[str, Any]:
    if env.str("DATABASE_URL", default=""):
        database: dict[str, Any] = env.database("DATABASE_URL")
    else:  # not as a URL: the path may hold spaces
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "reflow.sqlite3"}
    database["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    if database["ENGINE"].endswith("sqlite3"):
        database["ENGINE"] = "reflow_site.sqlite3"
        # IMMEDIATE: a writer waits its turn at the start, and never fails half-way.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": env.int("SQLITE_BUSY_SECONDS", default=20),
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        database["ENGINE"] = database["ENGINE"].replace("django.db.backends", "reflow_site")
        database["CONN_HEALTH_CHECKS"] = True
        if pool := env.int("DATABASE_POOL_SIZE", default=0):  # Django keeps none of its own then
            database["CONN_MAX_AGE"] = 0  # Django allows one of both
            wait = env.float("DATABASE_POOL_WAIT_SECONDS", default=5.0)
            options = {"min_size": 1, "max_size": pool, "timeout": wait}
            database.setdefault("OPTIONS", {})["pool"] = options
    return database


WEB_THREADS = env.int("WEB_THREADS", default=8)  # requests at once, each with a connection

DATABASES = {"default": _database()}

# Of a web process on PostgreSQL; 0 is no limit. A request over one of them is answered 503.
DATABASE_STATEMENT_SECONDS = env.float("DATABASE_STATEMENT_SECONDS", default=5.0)
DATABASE_LOCK_SECONDS = env.float("DATABASE_LOCK_SECONDS", default=2.0)
DATABASE_IDLE_SECONDS = env.float("DATABASE_IDLE_SECONDS", default=10.0)  # in a transaction
