"""What Django answers where no view did: the one error shape, and pages for people in the admin."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import Error as DatabaseError
from django.http import Http404, JsonResponse
from django.urls import reverse
from django.views import defaults

from workflows.api.errors import RETRY_AFTER_SECONDS, Failure, failure_of, of_database
from workflows.api.plain_page import plain_page

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
    """Django's ``handler500``: 503 if it is the database, whoever asked; else without detail.

    It is called while the error is handled. The traceback is in the log only.
    """
    error = sys.exc_info()[1]
    answer = of_database(error) if isinstance(error, DatabaseError) else None
    if answer is not None:
        if _for_people(request):
            text = f"Not now: {answer.error}. Try again in {RETRY_AFTER_SECONDS} seconds."
            return plain_page(text, status=503, retry_after_seconds=RETRY_AFTER_SECONDS)
        return _json(answer)
    if _for_people(request):
        return defaults.server_error(request)
    return _json(failure_of(RuntimeError()))


def _for_people(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def _json(answer: Failure) -> JsonResponse:
    return JsonResponse(answer.body(), status=answer.status, headers=dict(answer.headers or {}))
