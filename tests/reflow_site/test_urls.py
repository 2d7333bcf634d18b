"""What people find who type the address, or sign in without having asked for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories import UserFactory

if TYPE_CHECKING:
    from django.test import Client


def test_the_bare_address_leads_to_the_admin(client: Client) -> None:
    response = client.get("/")

    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")


@pytest.mark.django_db
def test_who_signs_in_without_a_page_in_mind_sees_the_admin(client: Client) -> None:
    user = UserFactory(is_staff=True)
    user.set_password("right-one-1")
    user.save()
    form = {"username": user.get_username(), "password": "right-one-1"}

    response = client.post("/admin/login/", form)

    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
