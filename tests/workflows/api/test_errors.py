"""What each failure means to a client, and what Django answers where no view did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework.test import APIRequestFactory

from engine.errors import CodecError, ConfigError, LimitError, Problem
from tests.workflows.api.bodies import problem, timeless
from workflows.api import fallbacks
from workflows.api.errors import failure_of
from workflows.api.view import ApiView
from workflows.errors import PayloadError

if TYPE_CHECKING:
    from rest_framework.request import Request


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (CodecError("x"), 400, "codec_error"),
        (LimitError("nodes", "x"), 400, "limit_exceeded"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (RequestDataTooBig(), 413, "body_too_large"),
        (SuspiciousOperation(), 400, "bad_request"),
        (ValidationError("x"), 400, "invalid"),
        (OperationalError("secret"), 503, "unavailable"),
        (RuntimeError("secret"), 500, "internal_error"),
    ],
)
def test_each_failure_has_a_status_and_a_code(error: Exception, status: int, code: str) -> None:
    answer = failure_of(error)

    assert (answer.status, answer.code) == (status, code)
    assert "secret" not in answer.error


def test_all_problems_of_an_engine_error_are_told() -> None:
    error = ConfigError([Problem("a", "is wrong", "one"), Problem("b", "too", "two", hint="c")])

    assert timeless(failure_of(error).body()) == {
        "success": False,
        "error": "a: is wrong; b: too (c)",
        "code": "config_invalid",
        "problems": [problem("a", "is wrong", "one"), problem("b", "too", "two", hint="c")],
    }


class Broken(ApiView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def get(self, request: Request, error: Exception) -> None:
        raise error


def test_an_error_of_ours_is_logged_and_told_without_detail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = Broken.as_view()(APIRequestFactory().get("/"), error=RuntimeError("secret"))

    assert response.status_code == 500
    assert timeless(response.data) == {
        "success": False,
        "error": "something went wrong on the server",
        "code": "internal_error",
        "problems": [],
    }
    assert "secret" in caplog.text


@pytest.mark.parametrize("error", [OperationalError(), PayloadError("the storage is away")])
def test_what_is_away_for_a_while_says_when_to_come_back(error: Exception) -> None:
    response = Broken.as_view()(APIRequestFactory().get("/"), error=error)

    assert (response.status_code, response["Retry-After"]) == (503, "5")


FALLBACKS: list[tuple[Any, tuple[Exception, ...], int]] = [
    (fallbacks.bad_request, (SuspiciousOperation(),), 400),
    (fallbacks.bad_request, (RequestDataTooBig(),), 413),
    (fallbacks.bad_request, (RuntimeError(),), 400),
    (fallbacks.permission_denied, (PermissionDenied(),), 403),
    (fallbacks.not_found, (Http404(),), 404),
    (fallbacks.server_error, (), 500),
]


@pytest.mark.parametrize(("fallback", "given", "status"), FALLBACKS)
def test_programs_get_the_error_shape(
    fallback: Any, given: tuple[Exception, ...], status: int
) -> None:
    response = fallback(RequestFactory().get("/anything"), *given)

    assert response.status_code == status
    assert set(json.loads(response.content)) == {
        "success",
        "error",
        "timestamp",
        "code",
        "problems",
    }


@pytest.mark.parametrize(
    "fallback", [fallbacks.bad_request, fallbacks.permission_denied, fallbacks.not_found]
)
def test_people_in_the_admin_get_a_page(fallback: Any) -> None:
    response = fallback(RequestFactory().get("/admin/nothing/"), Http404())

    assert response["Content-Type"].startswith("text/html")


def test_people_in_the_admin_get_a_page_when_the_server_fails() -> None:
    response = fallbacks.server_error(RequestFactory().get("/admin/"))

    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")
