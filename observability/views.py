"""``/health`` for people, ``/healthz`` and ``/readyz`` for what restarts us, ``/metrics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from observability.health import as_dicts, is_ready, measure, measure_all
from observability.metrics import CONTENT_TYPE, exposition
from workflows.api.auth import BearerAuthentication
from workflows.api.envelope import success
from workflows.api.errors import failure_of

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


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus: by ``METRICS_TOKEN``, from ``METRICS_ALLOW``, or with the token of staff."""
    if not _may_see_metrics(request):
        failure = failure_of(PermissionDenied())
        return JsonResponse(failure.body(), status=failure.status)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


def _may_see_metrics(request: HttpRequest) -> bool:
    if request.META.get("REMOTE_ADDR", "") in settings.METRICS_ALLOW:
        return True
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != BearerAuthentication.keyword.lower() or not token:
        return False
    if settings.METRICS_TOKEN and constant_time_compare(token, settings.METRICS_TOKEN):
        return True
    try:
        user, _token = BearerAuthentication().authenticate_credentials(token)
    except AuthenticationFailed:
        return False
    return bool(user.is_staff)
