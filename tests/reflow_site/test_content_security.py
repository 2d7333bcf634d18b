"""What a page may load and run."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from reflow_site.content_security import ADMIN, DOCS, HEADER, NOTHING, ContentSecurity

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

pytestmark = pytest.mark.django_db

PAGES = (
    "/admin/",
    "/admin/workflows/workflow/add/",
    "/admin/workflows/execution/",
    "/admin/workflows/deadletter/",
    "/admin/django_celery_beat/periodictask/add/",
    "/api/docs/",
)
INLINE = re.compile(rb"<script(?![^>]*(?:src=|application/json))[^>]*>(.*?)</script>", re.DOTALL)
HANDLER = re.compile(rb"<[^>]+\son[a-z]+=")


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/admin/login/", ADMIN),
        ("/api/docs/", DOCS),
        ("/health", NOTHING),
        ("/api/v1/executions", NOTHING),
        ("/nowhere", NOTHING),
    ],
)
def test_every_answer_has_a_policy(client: Client, path: str, policy: str) -> None:
    assert client.get(path)[HEADER] == policy


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_that_its_policy_forbids(path: str, admin_user: User) -> None:
    client = Client()
    client.force_login(admin_user)

    page = client.get(path)

    found = [
        base64.b64encode(hashlib.sha256(text).digest()) for text in INLINE.findall(page.content)
    ]
    assert page.status_code == 200
    assert [name for name in found if name.decode() not in page[HEADER]] == []
    assert HANDLER.findall(page.content) == []


def test_a_view_that_has_its_own_policy_keeps_it() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={HEADER: "default-src *"})

    assert ContentSecurity(view)(RequestFactory().get("/"))[HEADER] == "default-src *"
