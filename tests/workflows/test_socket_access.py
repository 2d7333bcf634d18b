"""Who may open the WebSocket, from where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from rest_framework.authtoken.models import Token

from tests.factories import UserFactory
from tests.workflows.sockets import WAIT, socket

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user(transactional_db: None) -> User:
    return UserFactory()


@pytest.fixture
def token(user: User) -> str:
    return str(Token.objects.create(user=user).key)


async def test_a_token_in_the_header_needs_no_origin(token: str) -> None:
    client = socket(authorization=f"Bearer {token}")

    assert await client.connect(timeout=WAIT) == (True, None)
    await client.disconnect()


async def test_a_token_may_come_as_a_subprotocol(token: str) -> None:
    client = socket(subprotocols=("reflow", f"bearer.{token}"), origin="https://elsewhere.example")

    assert await client.connect(timeout=WAIT) == (True, "reflow")
    await client.disconnect()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer \xff"},
        {"origin": "http://testserver", "host": "testserver"},
    ],
)
async def test_nobody_is_refused_with_4401(headers: dict[str, str], user: User) -> None:
    assert await socket(subprotocols=(), path="/ws", **headers).connect(timeout=WAIT) == (
        False,
        4401,
    )


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        ("http://testserver", (True, None)),
        ("https://testserver", (True, None)),
        ("", (False, 4403)),
        ("null", (False, 4403)),
        ("http://evil.example", (False, 4403)),
        ("http://testserver.evil.example", (False, 4403)),
        ("http://testserver:9000", (False, 4403)),
        ("http://[", (False, 4403)),
    ],
)
async def test_a_session_comes_in_from_our_own_pages_only(
    origin: str, answer: tuple[bool, Any], user: User, client: Any
) -> None:
    await sync_to_async(client.force_login)(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    ours = socket(cookie=cookie, origin=origin, host="testserver")

    assert await ours.connect(timeout=WAIT) == answer
    await ours.disconnect()


async def test_a_session_with_a_forged_host_is_refused(user: User, client: Any) -> None:
    await sync_to_async(client.force_login)(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    forged = socket(cookie=cookie, origin="http://evil.example", host="evil.example")

    assert await forged.connect(timeout=WAIT) == (False, 4403)


async def test_another_path_is_refused(token: str) -> None:
    client = socket(path="/elsewhere", authorization=f"Bearer {token}")

    assert await client.connect(timeout=WAIT) == (False, 4404)
