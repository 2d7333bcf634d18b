"""What every test may use: an in-memory channel layer, and a test database that threads share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import SyncToAsync
from django.db import connection, connections

from reflow_site import celery_app
from reflow_site.storage import storages
from tests.factories import UserFactory
from tests.nightly import load_profile
from workflows import hints

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.contrib.auth.models import User

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

LOOKS = "workflows.looking.TakeBackLostRuns"

load_profile()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file: in memory, two threads cannot wait for each other."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """PostgreSQL drops no database that a thread is connected to: async tests use this one."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(autouse=True)
def _no_redis(settings: Any) -> None:
    """Nudges and hints go through memory, also where a server runs in this folder."""
    settings.CHANNEL_LAYERS = IN_MEMORY
    celery_app.conf.update(broker_url="memory://")


@pytest.fixture(autouse=True)
def _nobody_looks(settings: Any) -> None:
    """Lost runs stay lost until a test takes them back, and pages cost the same each time."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != LOOKS]


@pytest.fixture(scope="session")
def payload_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("payloads")


@pytest.fixture(autouse=True)
def _payloads_apart(settings: Any, payload_folder: Path) -> None:
    """Large texts of tests never mix with those of a server in this folder."""
    settings.STORAGES = storages("file", payload_folder, {})


@pytest.fixture
def broken_broker() -> Iterator[None]:
    """A broker that refuses every connection."""
    celery_app.conf.update(broker_url="redis+socket:///nowhere/broker.sock")
    hints.connection_for_hints.cache_clear()
    yield
    celery_app.conf.update(broker_url="memory://")
    hints.connection_for_hints.cache_clear()


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """For a process that works on the test's database, without a broker."""
    given = urlsplit(os.environ.get("DATABASE_URL") or "sqlite:///")
    name = str(connection.settings_dict["NAME"]).removeprefix("/")
    path = f"//{name}" if connection.vendor == "sqlite" else f"/{name}"
    url = f"{given.scheme}://{given.netloc}{path}?{given.query}".rstrip("?")
    return os.environ | {
        "DATABASE_URL": url,
        "BROKER_URL": "redis+socket:///nowhere/broker.sock",
        "REDIS_URL": "unix:///nowhere/broker.sock",
    }


@pytest.fixture
def test_actors(settings: Any) -> None:
    """The components of ``tests.workflows.actors``."""
    settings.REFLOW_ACTORS = ["tests.workflows.actors:ACTORS"]
