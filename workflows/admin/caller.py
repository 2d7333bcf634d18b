"""Who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest


def caller(request: HttpRequest) -> User:
    """The user of a request; the admin lets nobody in who is not logged in."""
    return cast("User", request.user)
