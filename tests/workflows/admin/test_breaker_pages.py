from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workflows.test_breakers import opened
from workflows.models import CircuitBreaker

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

LIST = "/admin/workflows/circuitbreaker/"


def test_a_breaker_is_shown_and_closed_by_the_button_on_its_page(
    pages: Client, admin_user: User
) -> None:
    opened(admin_user)
    breaker = CircuitBreaker.objects.get()

    listed = pages.get(LIST).content.decode()
    page = pages.get(f"{LIST}{breaker.pk}/change/").content.decode()
    pages.post(LIST, {"action": "close", "_selected_action": [str(breaker.pk)]})

    assert "api.example:443" in listed
    assert "✕ Open" in listed
    assert 'name="action" value="close"' in page
    assert CircuitBreaker.objects.get().state == "closed"


def test_a_strangers_breakers_are_not_there(stranger_pages: Client, admin_user: User) -> None:
    opened(admin_user)
    breaker = CircuitBreaker.objects.get()

    assert "api.example:443" not in stranger_pages.get(LIST).content.decode()
    assert stranger_pages.get(f"{LIST}{breaker.pk}/change/").status_code == 302
