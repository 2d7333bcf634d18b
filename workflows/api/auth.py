"""Who is asking, if it is a program: ``Authorization: Bearer TOKEN``. People have a session."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed

from workflows.compiled import compiled, first

if TYPE_CHECKING:
    from workflows.compiled import Compiled


class BearerAuthentication(TokenAuthentication):
    """A token in the ``Authorization`` header; needs no CSRF token, for no browser adds it."""

    keyword = "Bearer"

    def authenticate_credentials(self, key: str) -> tuple[User, Token]:
        """The user of a token, by one statement; it is the first of every request.

        Raises:
            AuthenticationFailed: there is no such token, or its user may not come in any more.
        """
        user = first(User, _user_of_token(), {KEY: key})
        if user is None:
            raise AuthenticationFailed("Invalid token.")
        if not user.is_active:
            raise AuthenticationFailed("User inactive or deleted.")
        return user, Token(key=key, user=user)


KEY = "key"  # holds a place


@cache
def _user_of_token() -> Compiled:
    return compiled(User.objects.filter(auth_token__key=KEY))
