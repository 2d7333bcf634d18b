"""Who may ask, how often, and what a refusal looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from tests.workflows.api.bodies import timeless
from tests.workflows.api.conftest import client_of
from tests.workflows.api.graphs import pipeline
from workflows.models import Execution

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

PATHS = [
    ("get", "/workflows/x"),
    ("post", "/workflows"),
    ("post", "/workflows/x/cancel"),
    ("get", "/api/v1/workflows"),
    ("get", "/api/v1/versions"),
    ("get", "/api/v1/executions"),
    ("get", "/api/v1/executions/x/events"),
    ("get", "/api/v1/templates"),
    ("post", "/api/v1/graphs/validate"),
    ("get", "/api/schema/"),
]


@pytest.mark.parametrize(("verb", "path"), PATHS)
def test_everything_needs_a_user(verb: str, path: str) -> None:
    response = getattr(APIClient(), verb)(path)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert timeless(response.json()) == {
        "success": False,
        "error": "Authentication credentials were not provided.",
        "code": "not_authenticated",
        "problems": [],
    }


def test_the_page_of_the_api_sends_people_to_sign_in() -> None:
    response = APIClient().get("/api/docs/")

    assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/api/docs/")


def test_the_page_of_the_api_loads_nothing_from_elsewhere(owner: User) -> None:
    client = APIClient()
    client.force_login(owner)

    response = client.get("/api/docs/")

    assert response.status_code == 200
    assert b"https://" not in response.content


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Bearer a b", "Bearer \xff"])
def test_a_wrong_token_is_refused(header: str) -> None:
    response = APIClient(headers={"Authorization": header}).get("/workflows/x")

    assert response.status_code == 401
    assert response.json()["code"] == "authentication_failed"


def test_the_token_of_an_inactive_user_is_refused(owner: User) -> None:
    client = client_of(owner)
    owner.is_active = False
    owner.save()

    assert client.get("/workflows/x").status_code == 401


def test_a_session_reads_without_and_writes_only_with_a_csrf_token(owner: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)

    read = client.get("/api/v1/executions")
    write = client.post("/workflows", {"graph_json": pipeline()})

    assert read.status_code == 200
    assert (write.status_code, write.json()["code"]) == (403, "permission_denied")
    assert Execution.objects.count() == 0


def test_a_session_with_a_csrf_token_starts_a_run(owner: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)
    client.cookies["csrftoken"] = "a" * 32

    response = client.post(
        "/workflows", {"graph_json": pipeline()}, headers={"X-CSRFToken": "a" * 32}
    )

    assert response.status_code == 200


def test_a_user_beyond_the_burst_waits(settings: Any, api: APIClient) -> None:
    settings.API_USER_BURST, settings.API_USER_RATE = 2, 0.001

    answers = [api.get("/api/v1/executions") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 2000
    assert answers[2].json()["code"] == "rate_limited"


def test_guessing_tokens_is_slowed_down(settings: Any) -> None:
    settings.API_ANONYMOUS_PER_MINUTE = 2
    client = APIClient(headers={"Authorization": "Bearer guess"})

    answers = [client.get("/workflows/x") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_another_address_is_counted_apart(settings: Any) -> None:
    settings.API_ANONYMOUS_PER_MINUTE = 1
    client = APIClient()
    client.get("/workflows/x")

    answer = client.get("/workflows/x", REMOTE_ADDR="10.0.0.9")

    assert answer.status_code == 401


def test_a_forwarded_address_does_not_dodge_the_count(settings: Any) -> None:
    settings.API_ANONYMOUS_PER_MINUTE = 1
    client = APIClient()
    client.get("/workflows/x")

    answer = client.get("/workflows/x", headers={"X-Forwarded-For": "10.0.0.9"})

    assert answer.status_code == 429
