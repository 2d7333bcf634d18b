"""The base of every view of the interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.views import APIView

from workflows.api.throttles import AnonymousThrottle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from rest_framework.parsers import BaseParser
    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request
    from rest_framework.response import Response


class AlwaysJson(BaseContentNegotiation):
    """Answer JSON whatever the ``Accept`` header says: a browser that asks for HTML too."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """By the declared type only; a body without one is taken for JSON."""
        declared = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if declared in ("", parser.media_type)), None)

    def select_renderer(
        self,
        _request: Request,
        renderers: Iterable[BaseRenderer],
        _format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class ApiView(APIView):
    """A view for signed-in users; refused sign-ins count against their address."""

    content_negotiation_class = AlwaysJson

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # A body sent in chunks has no length, and the framework would take it for empty.
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            request.META["CONTENT_LENGTH"] = "-1"
        return super().initialize_request(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, (NotAuthenticated, AuthenticationFailed)):
            throttle = AnonymousThrottle()
            if not throttle.allow_request(self.request, self):
                exc = Throttled(throttle.wait())
        return super().handle_exception(exc)


def idempotency_key(request: Request) -> str:
    """The caller's key for this start; empty without one."""
    return request.headers.get("Idempotency-Key", "")


def caller(request: Request) -> User:
    """The user of a request that has passed ``IsAuthenticated``."""
    return cast("User", request.user)
