"""Who may open a WebSocket, decided before it is accepted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import AuthenticationFailed, Throttled

from workflows.api.auth import BearerAuthentication
from workflows.api.throttles import allow_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.contrib.auth.models import User
    from django.http import HttpRequest

# The subprotocol of this socket. A browser, which cannot set headers, offers it and a second
# one that carries its token: ``new WebSocket(url, ["reflow", "bearer." + token])``.
SUBPROTOCOL = "reflow"
TOKEN_PREFIX = "bearer."  # noqa: S105 -- the prefix of one, not a token

UNKNOWN_USER = 4401
WRONG_ORIGIN = 4403
TOO_MANY = 4429


class SocketRefusedError(Exception):
    """The socket may not be opened; ``code`` is the close code that says why."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"refused with {code}")


async def admit(scope: Mapping[str, Any]) -> User:
    """The user of a new socket: by token from anywhere, by session from our own pages only.

    Raises:
        SocketRefusedError: 4401 without a valid user, 4403 for a session from another origin, 4429
            if an address was refused too often.
    """
    try:
        return await _admit(scope)
    except SocketRefusedError:
        await database_sync_to_async(_count)(scope.get("client"))
        raise


async def _admit(scope: Mapping[str, Any]) -> User:
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    if token := token_of(headers, scope["subprotocols"]):
        return cast("User", await database_sync_to_async(_user_of)(token))
    user = scope.get("user")
    if user is None or not user.is_authenticated:
        raise SocketRefusedError(UNKNOWN_USER)
    if not same_origin(headers.get("origin", ""), headers.get("host", "")):
        raise SocketRefusedError(WRONG_ORIGIN)
    return cast("User", user)


def token_of(headers: Mapping[str, str], subprotocols: list[str]) -> str:
    """The token that a client sent, in its header or as a subprotocol; else an empty text."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == BearerAuthentication.keyword.lower():
        return token.strip()
    offered = (name for name in subprotocols if name.startswith(TOKEN_PREFIX))
    return next(offered, "").removeprefix(TOKEN_PREFIX)


def same_origin(origin: str, host: str) -> bool:
    """Whether a page of ``origin`` is one of ours: served by this host, or trusted by setting.

    Ports count, because cookies do not heed them: another server on this machine is another
    origin.
    """
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    allowed = settings.ALLOWED_HOSTS or [".localhost", "127.0.0.1", "[::1]"]
    domain, _port = split_domain_port(host)
    own = (f"http://{host}".lower(), f"https://{host}".lower())
    return validate_host(domain, allowed) and origin.lower() in own


def _count(client: Sequence[Any] | None) -> None:
    address = str(client[0]) if client else ""  # none on a unix socket
    asking = SimpleNamespace(user=AnonymousUser(), META={"REMOTE_ADDR": address})
    try:
        allow_address(cast("HttpRequest", asking))
    except Throttled as error:
        raise SocketRefusedError(TOO_MANY) from error


def _user_of(token: str) -> User:
    try:
        user, _token = BearerAuthentication().authenticate_credentials(token)
    except AuthenticationFailed as error:
        raise SocketRefusedError(UNKNOWN_USER) from error
    return user
