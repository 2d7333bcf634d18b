"""Pinned runs, pruned events and how long a workflow keeps its runs, as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.factories import ExecutionFactory, UserFactory, one_node_graph
from tests.workflows.retention.rows import ended
from tests.workflows.sockets import connected
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from workflows.models import Execution

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_user(db: None) -> User:
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def api(admin_user: User) -> APIClient:
    token = Token.objects.create(user=admin_user)
    return APIClient(headers={"Authorization": f"Bearer {token.key}"})


@pytest.fixture
def pages(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def pruned(admin_user: User) -> Execution:
    return ended(20, owner=admin_user, events_pruned_at=timezone.now(), execution_id="p-1")


# Pinning.


def test_a_run_is_pinned_and_let_go_over_rest(api: APIClient, admin_user: User) -> None:
    ExecutionFactory(owner=admin_user, execution_id="r-1")

    answers = [
        api.patch("/api/v1/executions/r-1", {"pinned": pinned}).json()["pinned"]
        for pinned in (True, False)
    ]

    assert answers == [True, False]


@pytest.mark.parametrize("body", [{}, {"pinned": "perhaps"}, {"pinned": None}])
def test_a_wrong_pin_is_refused_by_its_name(
    api: APIClient, admin_user: User, body: dict[str, Any]
) -> None:
    ExecutionFactory(owner=admin_user, execution_id="r-1")

    answer = api.patch("/api/v1/executions/r-1", body)

    assert answer.status_code == 400
    assert [problem["where"] for problem in answer.json()["problems"]] == ["pinned"]


def test_nobody_pins_the_run_of_another(api: APIClient) -> None:
    theirs = ExecutionFactory(execution_id="r-1")

    answer = api.patch("/api/v1/executions/r-1", {"pinned": True})

    theirs.refresh_from_db()
    assert (answer.status_code, theirs.pinned) == (404, False)


def test_runs_are_pinned_in_the_admins_list(pages: Client, admin_user: User) -> None:
    run = ExecutionFactory(owner=admin_user)
    url = reverse("admin:workflows_execution_changelist")

    states = []
    for action in ("keep_for_ever", "let_go"):
        pages.post(url, {"action": action, "_selected_action": [str(run.pk)]})
        run.refresh_from_db()
        states.append(run.pinned)

    assert states == [True, False]


def test_a_run_is_pinned_by_the_button_of_its_page(pages: Client, admin_user: User) -> None:
    run = ExecutionFactory(owner=admin_user)
    url = reverse("admin:workflows_execution_pin", args=(run.pk,))

    page = pages.post(url, {"pinned": "yes"}, follow=True).content.decode()

    run.refresh_from_db()
    assert run.pinned
    assert "Let retention have it" in page
    assert pages.get(url).status_code == 405


def test_a_user_who_may_only_look_pins_nothing(client: Client) -> None:
    user = UserFactory(is_staff=True)
    run = ExecutionFactory(owner=user)
    client.force_login(user)

    answer = client.post(reverse("admin:workflows_execution_pin", args=(run.pk,)))

    assert answer.status_code == 403


# Events that are gone.


def test_a_run_and_its_events_say_that_they_were_pruned(api: APIClient, pruned: Execution) -> None:
    run = api.get("/api/v1/executions/p-1").json()
    page = api.get("/api/v1/executions/p-1/events").json()

    assert page["results"] == []
    assert run["events_pruned_at"] is not None
    assert page["events_pruned_at"] is not None


def test_the_page_of_a_run_says_that_its_events_were_removed(
    pages: Client, pruned: Execution
) -> None:
    url = reverse("admin:workflows_execution_change", args=(pruned.pk,))

    assert "Retention has removed the events of this run" in pages.get(url).content.decode()


@pytest.mark.django_db(transaction=True)
async def test_a_subscriber_is_told_that_the_events_were_removed(transactional_db: None) -> None:
    from asgiref.sync import sync_to_async

    def rows() -> str:
        run = ended(20, events_pruned_at=timezone.now(), execution_id="p-1")
        return str(Token.objects.create(user=run.owner).key)

    token = await sync_to_async(rows)()

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="p-1")
        frames = [await client.hear() for _ in range(2)]

    assert [frame["type"] for frame in frames] == ["events_pruned", "execution_finished"]
    assert frames[0]["pruned_at"] > 0


# How long a workflow keeps its runs.


def test_a_workflow_says_over_rest_how_long_it_keeps_runs(api: APIClient) -> None:
    graph = one_node_graph().to_dict()
    made = api.post(
        "/api/v1/workflows", {"name": "w", "graph": graph, "keep_days": 0, "keep_runs": 5}
    ).json()

    changed = api.patch(f"/api/v1/workflows/{made['id']}", {"keep_days": None}).json()

    assert (made["keep_days"], made["keep_runs"]) == (0, 5)
    assert (changed["keep_days"], changed["keep_runs"]) == (None, 5)


@pytest.mark.parametrize(("field", "value"), [("keep_days", 36_501), ("keep_runs", -1)])
def test_a_wrong_number_is_refused_by_its_name(api: APIClient, field: str, value: int) -> None:
    answer = api.post(
        "/api/v1/workflows", {"name": "w", "graph": one_node_graph().to_dict(), field: value}
    )

    assert answer.status_code == 400
    assert [problem["where"] for problem in answer.json()["problems"]] == [field]


def test_the_admins_form_has_both_with_help(pages: Client, admin_user: User) -> None:
    workflow = create_workflow(owner=admin_user, name="w", graph=one_node_graph())
    url = reverse("admin:workflows_workflow_change", args=(workflow.pk,))

    page = pages.get(url).content.decode()
    pages.post(
        url,
        {"name": "w", "graph": one_node_graph().to_json(), "keep_days": "7", "keep_runs": ""},
    )

    workflow.refresh_from_db()
    assert "Days a run is kept after its end" in page
    assert (workflow.keep_days, workflow.keep_runs) == (7, None)
