from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workflows.test_breakers import opened
from workflows.models import CircuitBreaker

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

LIST = "/api/v1/breakers"


def test_breakers_are_listed_and_closed(api: APIClient, owner: User) -> None:
    opened(owner)
    breaker = CircuitBreaker.objects.get()

    (listed,) = api.get(f"{LIST}?state=open&kind=service&name=api.example:443").json()["results"]
    answer = api.post(f"{LIST}/{breaker.pk}/reset")
    shown = api.get(f"{LIST}/{breaker.pk}").json()

    assert (listed["name"], listed["state"], listed["last_error"]) == (
        "api.example:443",
        "open",
        "no answer",
    )
    assert (answer.status_code, shown["state"], shown["failures_total"]) == (200, "closed", 2)
    assert api.get(f"{LIST}?state=open").json()["results"] == []


def test_a_strangers_breakers_are_not_there(stranger: APIClient, owner: User) -> None:
    opened(owner)
    where = f"{LIST}/{CircuitBreaker.objects.get().pk}"

    codes = (stranger.get(where).status_code, stranger.post(f"{where}/reset").status_code)

    assert codes == (404, 404)
    assert stranger.get(LIST).json()["results"] == []
