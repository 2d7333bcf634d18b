"""``/health`` for people and clients, ``/healthz`` and ``/readyz`` for what restarts us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from observability.health import as_dicts, is_ready, measure, measure_all
from workflows.api.envelope import success

if TYPE_CHECKING:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.request import Request

HEALTHY = "Server is healthy"
NEEDED_TO_SERVE = ("database", "broker", "channel layer")


class Health(APIView):
    """GET /health: 200 as long as we answer; ``?detail=1`` measures the parts, for staff."""

    permission_classes = (AllowAny,)  # the detail asks for staff itself
    throttle_classes = ()
    schema = None

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Nobody is asked who they are for the plain answer, not even with a wrong token."""
        return super().get_authenticators() if self._wants_detail() else []

    def get(self, request: Request) -> Response:
        if not self._wants_detail():
            return Response(success(HEALTHY))
        if not request.user.is_authenticated:
            raise NotAuthenticated
        if not request.user.is_staff:
            raise PermissionDenied
        checks = measure_all()
        message = HEALTHY if is_ready(checks) else "Something that is needed does not work"
        return Response(success({"message": message, "checks": as_dicts(checks)}))

    def _wants_detail(self) -> bool:
        return self.request.GET.get("detail", "") not in ("", "0", "false")


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers: a restart would mend nothing."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """Whether to send requests here: 503 while something needed does not work."""
    checks = [measure(name) for name in NEEDED_TO_SERVE]
    body: dict[str, Any] = {check.name: check.works for check in checks}
    return JsonResponse(body, status=200 if is_ready(checks) else 503)
