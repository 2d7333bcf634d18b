"""Who is asking, if it is a program: ``Authorization: Bearer TOKEN``. People have a session."""

from __future__ import annotations

from rest_framework.authentication import TokenAuthentication


class BearerAuthentication(TokenAuthentication):
    """A token in the ``Authorization`` header; needs no CSRF token, for no browser adds it."""

    keyword = "Bearer"
