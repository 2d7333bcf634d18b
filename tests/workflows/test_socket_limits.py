"""How many sockets a user may have, how long they may be idle, how often an address may fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from rest_framework.authtoken.models import Token

from tests.factories import ExecutionFactory, UserFactory
from tests.workflows.sockets import WAIT, connected, socket
from workflows.consumers import open_sockets

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh_rates() -> None:
    cache.clear()


@pytest.fixture
def user(transactional_db: None) -> User:
    return UserFactory()


@pytest.fixture
def token(user: User) -> str:
    return str(Token.objects.create(user=user).key)


async def test_a_user_has_so_many_sockets(token: str, settings: Any) -> None:
    settings.WS_CONNECTIONS_USER = 1
    second = socket(authorization=f"Bearer {token}")

    async with connected(token):
        refused = await second.connect(timeout=WAIT)
    after = socket(authorization=f"Bearer {token}")
    taken = await after.connect(timeout=WAIT)
    await after.disconnect()

    assert (refused, taken) == ((False, 4429), (True, None))
    assert not open_sockets


async def test_an_idle_socket_is_closed(token: str, settings: Any) -> None:
    settings.WS_IDLE_SECONDS = 0.05

    async with connected(token) as client:
        said = await client.receive_output(timeout=WAIT)

    assert said == {"type": "websocket.close", "code": 4408}


async def test_a_socket_that_follows_a_run_may_be_quiet(
    token: str, user: User, settings: Any
) -> None:
    settings.WS_IDLE_SECONDS = 0.05
    await sync_to_async(ExecutionFactory)(owner=user, execution_id="w-1")

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        quiet = await client.receive_nothing(timeout=0.3)

    assert quiet


async def test_an_address_that_is_refused_too_often_hears_so(settings: Any) -> None:
    settings.API_ANONYMOUS_PER_MINUTE = 2

    answers = [await socket(authorization="Bearer wrong").connect(timeout=WAIT) for _ in range(3)]

    assert answers == [(False, 4401), (False, 4401), (False, 4429)]
