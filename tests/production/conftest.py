"""One set of private servers, and one site on them, for all tests of the profile."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.production.servers import Postgresql, RabbitMQ, RedisServer
from tests.production.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Not pytest's: another user must enter it, and a socket's path is short."""
    made = Path(tempfile.mkdtemp(prefix="reflow-prod-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def database(folder: Path) -> Iterator[Postgresql]:
    server = Postgresql(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis(folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def broker(folder: Path) -> Iterator[RabbitMQ]:
    server = RabbitMQ(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def site(
    folder: Path, database: Postgresql, redis: RedisServer, broker: RabbitMQ
) -> Iterator[Site]:
    made = Site(folder, DATABASE_URL=database.url, REDIS_URL=redis.url, BROKER_URL=broker.url)
    try:
        made.start()
        yield made
    finally:
        made.stop()
