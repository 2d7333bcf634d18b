"""Who is asking: ``Authorization: Bearer TOKEN``, or the session of a signed-in user."""

from __future__ import annotations

from rest_framework.authentication import SessionAuthentication, TokenAuthentication


class BearerAuthentication(TokenAuthentication):
    """A token in the ``Authorization`` header; needs no CSRF token, for no browser adds it."""

    keyword = "Bearer"


class CookieAuthentication(SessionAuthentication):
    """The session cookie, with CSRF enforced on every unsafe method."""
