"""The base of every view of the interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.views import APIView

from workflows.api.throttles import AnonymousThrottle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
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

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, (NotAuthenticated, AuthenticationFailed)):
            throttle = AnonymousThrottle()
            if not throttle.allow_request(self.request, self):
                exc = Throttled(throttle.wait())
        return super().handle_exception(exc)


def caller(request: Request) -> User:
    """The user of a request that has passed ``IsAuthenticated``."""
    return cast("User", request.user)
