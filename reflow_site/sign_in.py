"""Signing in to the admin, so often and no oftener."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from django.contrib import admin

from workflows.api.plain_page import plain_page
from workflows.api.throttles import AnonymousThrottle, LoginThrottle

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request
    from rest_framework.views import APIView


def sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's own page; 429 after ``API_LOGINS_PER_MINUTE`` tries of a name at an address."""
    if request.method == "POST":
        for throttle in (LoginThrottle(), AnonymousThrottle()):
            if not throttle.allow_request(cast("Request", request), cast("APIView", None)):
                wait = math.ceil(throttle.wait() or 1)
                text = f"Too many tries to sign in. The next one is possible in {wait} seconds."
                return plain_page(text, status=429, retry_after_seconds=wait)
    return admin.site.login(request)
