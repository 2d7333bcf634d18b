"""A Content-Security-Policy on every answer: what a page may load and run, so that no text may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    View = Callable[[HttpRequest], HttpResponse]

HEADER = "Content-Security-Policy"
NOTHING = "default-src 'none'; frame-ancestors 'none'"  # JSON and plain texts load nothing
_OWN = (
    "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src"
)
# Alpine, which the admin's theme is made with, compiles its attributes. Nothing inline may run,
# but the one script of the page of schedules (django_celery_beat 2.9), known by its hash.
_SCHEDULES = "'sha256-QE3U2xYF7B4J2ro1/9oxiKhaWCGW39gB7ocQ/xlD0bE='"
ADMIN = f"{_OWN} 'self' 'unsafe-eval' {_SCHEDULES}"
DOCS = f"{_OWN} 'self'"
_BY_PLACE = ((reverse_lazy("admin:index"), ADMIN), (reverse_lazy("docs"), DOCS))


class ContentSecurity:
    """Middleware; a view that has set a policy keeps it."""

    def __init__(self, get_response: View) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault(HEADER, policy_of(request.path))
        return response


def policy_of(path: str) -> str:
    return next((policy for start, policy in _BY_PLACE if path.startswith(str(start))), NOTHING)
