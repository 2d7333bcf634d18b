"""Two people of the admin: one who may do everything with what is theirs, and a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.factories import UserFactory

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@pytest.fixture
def admin_user(db: None) -> User:
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def pages(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


@pytest.fixture
def stranger_pages(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client
