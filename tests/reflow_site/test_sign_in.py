"""Signing in to the admin is counted for each name at each address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.factories import UserFactory

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_rates() -> None:
    cache.clear()


def sign_in(name: str, address: str = "192.0.2.1", **fields: str) -> HttpResponse:
    fields = {"username": name, "password": "wrong", "next": "/admin/", **fields}
    return Client(REMOTE_ADDR=address).post("/admin/login/", fields)  # type: ignore[return-value]


def test_the_sixth_try_of_a_name_waits() -> None:
    tries = [sign_in("ann") for _ in range(6)]

    assert [response.status_code for response in tries] == [200] * 5 + [429]
    assert "Too many tries to sign in" in tries[-1].content.decode()
    assert 0 < int(tries[-1]["Retry-After"]) <= 60


def test_another_name_and_another_address_are_counted_apart(settings: Any) -> None:
    settings.API_LOGINS_PER_MINUTE = 1
    sign_in("ann")

    answers = [sign_in("ANN"), sign_in("bob"), sign_in("ann", address="192.0.2.2")]

    assert [response.status_code for response in answers] == [429, 200, 200]


def test_an_address_with_many_names_waits_too(settings: Any) -> None:
    settings.API_ANONYMOUS_PER_MINUTE = 2

    answers = [sign_in(name) for name in ("a", "b", "c")]

    assert [response.status_code for response in answers] == [200, 200, 429]


def test_the_right_password_signs_in() -> None:
    user = UserFactory(is_staff=True)
    user.set_password("right")
    user.save()

    response = sign_in(user.username, password="right")

    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_the_page_itself_is_not_counted(settings: Any) -> None:
    settings.API_LOGINS_PER_MINUTE = 1

    answers = [Client().get("/admin/login/").status_code for _ in range(3)]

    assert answers == [200, 200, 200]
