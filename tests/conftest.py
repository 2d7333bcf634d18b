"""What every test may use: an in-memory channel layer, and a test database that threads share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from tests.factories import UserFactory

if TYPE_CHECKING:
    from django.contrib.auth.models import User

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file: in memory, two threads cannot wait for each other."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(autouse=True)
def _no_services(settings: Any) -> None:
    """Tests have no Redis: events go through memory, and the broker refuses every hint at once."""
    settings.CHANNEL_LAYERS = IN_MEMORY


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory()
