"""What Django answers where no view did: the one error shape, and pages for people in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, JsonResponse
from django.urls import reverse
from django.views import defaults

from workflows.api.errors import Failure, failure_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler400``."""
    if _for_people(request):
        return defaults.bad_request(request, exception)
    answer = failure_of(exception)
    return _json(answer if answer.status < 500 else failure_of(SuspiciousOperation()))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler403``."""
    if _for_people(request):
        return defaults.permission_denied(request, exception)
    return _json(failure_of(PermissionDenied()))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler404``."""
    if _for_people(request):
        return defaults.page_not_found(request, exception)
    return _json(failure_of(Http404()))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``; the traceback is in the log only."""
    if _for_people(request):
        return defaults.server_error(request)
    return _json(failure_of(RuntimeError()))


def _for_people(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def _json(answer: Failure) -> JsonResponse:
    return JsonResponse(answer.body(), status=answer.status)
