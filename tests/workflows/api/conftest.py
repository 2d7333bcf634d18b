"""Clients of the interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.factories import UserFactory

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@pytest.fixture(autouse=True)
def _fresh_rates() -> None:
    """Each test starts with nobody's requests counted."""
    cache.clear()


def token_of(user: User) -> str:
    return str(Token.objects.get_or_create(user=user)[0].key)


def client_of(user: User) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {token_of(user)}"})


@pytest.fixture
def api(owner: User) -> APIClient:
    return client_of(owner)


@pytest.fixture
def stranger(db: None) -> APIClient:
    return client_of(UserFactory())
