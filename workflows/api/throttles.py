"""How often a client may ask; the rates are settings."""

from __future__ import annotations

from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView


class UserThrottle(SimpleRateThrottle):
    """``API_USER_RATE`` requests a second for each user, ``API_USER_BURST`` at once.

    So many in a sliding window of burst / rate seconds: both hold.
    """

    scope = "user"

    def get_rate(self) -> str:
        return "settings"

    def parse_rate(self, _rate: str | None) -> tuple[int, float]:  # type: ignore[override]
        return settings.API_USER_BURST, settings.API_USER_BURST / settings.API_USER_RATE

    def get_cache_key(self, request: Request, _view: APIView) -> str | None:
        if not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


def allow_user(user: User) -> None:
    """Count a message of a socket like a request of its user.

    Raises:
        Throttled: it is one too many.
    """
    throttle = UserThrottle()
    asking = SimpleNamespace(user=user)  # all that the throttle looks at
    if not throttle.allow_request(cast("Request", asking), cast("APIView", None)):
        raise Throttled(throttle.wait())


def allow_address(request: HttpRequest) -> None:
    """Count a refused caller without a user against its address.

    Raises:
        Throttled: it is one too many.
    """
    throttle = AnonymousThrottle()
    if not throttle.allow_request(cast("Request", request), cast("APIView", None)):
        raise Throttled(throttle.wait())


class LoginThrottle(SimpleRateThrottle):
    """``API_LOGINS_PER_MINUTE`` tries to sign in, for each name at each address."""

    scope = "login"

    def get_rate(self) -> str:
        return "settings"

    def parse_rate(self, _rate: str | None) -> tuple[int, float]:  # type: ignore[override]
        return settings.API_LOGINS_PER_MINUTE, 60.0

    def get_cache_key(self, request: Request, _view: APIView) -> str:
        name = request.POST.get("username", "").lower()
        ident = sha256(f"{request.META.get('REMOTE_ADDR', '')} {name}".encode()).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class AnonymousThrottle(SimpleRateThrottle):
    """``API_ANONYMOUS_PER_MINUTE`` requests for each address without a user.

    ``ApiView`` counts the refused ones too, which slows the guessing of tokens. The
    address is the peer's: a header such as X-Forwarded-For can be written by anybody.
    """

    scope = "anonymous"

    def get_rate(self) -> str:
        return "settings"

    def parse_rate(self, _rate: str | None) -> tuple[int, float]:  # type: ignore[override]
        return settings.API_ANONYMOUS_PER_MINUTE, 60.0

    def get_cache_key(self, request: Request, _view: APIView) -> str | None:
        if request.user.is_authenticated:
            return None
        ident = request.META.get("REMOTE_ADDR", "")  # absent on a unix socket
        return self.cache_format % {"scope": self.scope, "ident": ident}
