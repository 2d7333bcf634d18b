from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from reflow_site.postgresql import base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filled when the server is asked whether the connection lives."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL only")
    asked: list[int] = []
    usable = base.DatabaseWrapper.is_usable

    def is_usable(self: Any) -> bool:
        asked.append(1)
        return bool(usable(self))

    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", is_usable)
    return asked


def a_request() -> None:
    """What Django does around one, and a query."""
    connections["default"].close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_connection_that_was_used_just_now_is_not_asked_whether_it_lives(
    asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections["default"], "health_check_enabled", True)
    a_request()
    asked.clear()
    a_request()
    at_once = len(asked)
    monkeypatch.setattr(connections["default"], "_used_at", 0.0)
    a_request()

    assert (at_once, len(asked)) == (0, 1)


def test_a_connection_that_broke_is_replaced_by_the_next_request(asked: list[int]) -> None:
    a_request()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (first,) = cursor.fetchone()
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    a_request()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (second,) = cursor.fetchone()

    assert second != first
    assert asked
