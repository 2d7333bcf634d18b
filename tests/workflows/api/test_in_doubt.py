"""Firings in doubt over REST and in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import LONG_AGO, ExecutionFactory, UserFactory
from workflows.models import DoubtfulFiring, Execution, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

URL = "/api/v1/executions/run-a/in-doubt"
EVIL = "</script><script>alert(1)</script>"


def doubtful(execution: Execution, key: str = "k", **columns: Any) -> DoubtfulFiring:
    return DoubtfulFiring.objects.create(
        execution=execution,
        key=key,
        node="pass",
        component="tpl_passthrough",
        digest="d",
        inputs='{"input":{"type":"Integer","data":1}}',
        begun_at=LONG_AGO,
        worker="celery@gone",
        attempt=1,
        **columns,
    )


@pytest.fixture
def execution(owner: User) -> Execution:
    return ExecutionFactory(owner=owner, execution_id="run-a", status=Status.WAITING)


def test_the_list_says_what_is_in_doubt_and_the_run_why_it_waits(
    api: APIClient, execution: Execution
) -> None:
    firing = doubtful(execution)

    (row,) = api.get(URL).json()

    assert row.pop("begun_at")
    assert row == {
        "id": firing.pk,
        "node": "pass",
        "component": "tpl_passthrough",
        "key": "k",
        "digest": "d",
        "inputs": {"input": {"type": "Integer", "data": 1}},
        "incomplete": "",
        "worker": "celery@gone",
        "attempt": 1,
        "action": "",
        "decided_by": "",
        "decided_at": None,
    }
    assert "pass" in api.get("/api/v1/executions/run-a").json()["waiting_reason"]


def test_the_last_decision_queues_the_run(
    api: APIClient, execution: Execution, owner: User
) -> None:
    first, _ = doubtful(execution, "a"), doubtful(execution, "b")

    one = api.post(f"{URL}/decide", {"action": "rerun", "ids": [first.pk]}, format="json")
    rest = api.post(f"{URL}/decide", {"action": "skip"}, format="json")

    assert (one.status_code, one.json()["status"]) == (200, "waiting")
    assert (rest.status_code, rest.json()["status"]) == (200, "queued")
    rows = DoubtfulFiring.objects.order_by("key").values_list("action", "decided_by")
    assert list(rows) == [("rerun", owner.username), ("skip", owner.username)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"action": "dance"}, 400, "invalid"),
        ({"action": "skip", "ids": []}, 400, "invalid"),
        ({"action": "skip", "ids": [-1]}, 400, "invalid"),
        ({"action": "skip", "ids": [10**9]}, 409, "in_doubt_decided"),
        ({"action": "output"}, 400, "input_invalid"),
        ({"action": "output", "outputs": {"output": 1}}, 400, "input_invalid"),
        ({"action": "output", "outputs": {"nowhere": [1]}}, 400, "input_invalid"),
        ({"action": "skip", "outputs": {}}, 400, "input_invalid"),
    ],
)
def test_a_wrong_decision_is_refused_and_changes_nothing(
    api: APIClient, execution: Execution, body: dict[str, Any], status: int, code: str
) -> None:
    doubtful(execution)

    answer = api.post(f"{URL}/decide", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    execution.refresh_from_db()
    assert execution.status == Status.WAITING


def test_nothing_is_decided_about_a_run_that_does_not_wait(api: APIClient, owner: User) -> None:
    ExecutionFactory(owner=owner, execution_id="run-a")

    answer = api.post(f"{URL}/decide", {"action": "skip"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_waiting")


def test_somebody_elses_run_is_not_there(api: APIClient) -> None:
    ExecutionFactory(execution_id="run-a", status=Status.WAITING)

    assert api.get(URL).status_code == 404
    assert api.post(f"{URL}/decide", {"action": "skip"}, format="json").status_code == 404


@pytest.fixture
def pages(owner: User) -> Client:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client = Client()
    client.force_login(owner)
    return client


def page_of(execution: Execution, name: str) -> str:
    return reverse(f"admin:workflows_execution_{name}", args=(execution.pk,))


def test_the_page_shows_each_firing_with_its_choices(pages: Client, execution: Execution) -> None:
    doubtful(execution, "key-one")
    DoubtfulFiring.objects.update(inputs=f'{{"input":{{"type":"String","data":"{EVIL}"}}}}')

    text = pages.get(page_of(execution, "change")).content.decode()

    for word in ("In doubt", "celery@gone", "Run again", "Skip (as done)", "Give this output"):
        assert word in text
    assert "key-one" in text
    assert EVIL not in text


def test_a_button_decides_and_who_did_it_stays_on_the_page(
    pages: Client, execution: Execution, owner: User
) -> None:
    firing = doubtful(execution)
    form = {"id": firing.pk, "action": "output", "outputs": '{"output": [5]}'}

    answer = pages.post(page_of(execution, "decide"), form, follow=True)

    execution.refresh_from_db()
    assert execution.status == Status.QUEUED
    text = answer.content.decode()
    assert "Decided: Give this output." in text
    assert f"by {owner.username}" in text
    assert 'value="rerun"' not in text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"action": "skip", "id": "x"},
        {"action": "dance", "id": "1"},
        {"action": "output", "outputs": "{"},
        {"action": "output", "outputs": "[]"},
        {"action": "output", "outputs": '{"nowhere": [1]}'},
    ],
)
def test_a_wrong_form_says_so_and_decides_nothing(
    pages: Client, execution: Execution, form: dict[str, str]
) -> None:
    firing = doubtful(execution)

    answer = pages.post(page_of(execution, "decide"), {"id": str(firing.pk), **form}, follow=True)

    assert "Nothing was decided" in answer.content.decode()
    execution.refresh_from_db()
    assert execution.status == Status.WAITING


def test_a_strangers_page_decides_nothing(pages: Client, execution: Execution) -> None:
    other = Client()
    other.force_login(UserFactory(is_staff=True, is_superuser=True))
    doubtful(execution)

    assert other.post(page_of(execution, "decide"), {"action": "skip"}).status_code == 404
    assert pages.get(page_of(execution, "decide")).status_code == 404


def test_a_misspelt_key_decides_nothing_and_every_problem_is_named(
    api: APIClient, execution: Execution
) -> None:
    firing = doubtful(execution)

    answer = api.post(f"{URL}/decide", {"action": "again", "id": [firing.pk]}, format="json")

    problems = answer.json()["problems"]
    assert answer.status_code == 400
    assert [(item["where"], item["code"], item["message"]) for item in problems] == [
        ("id", "unknown_key", "is not known (did you mean 'ids'?)"),
        ("action", "invalid_choice", '"again" is not a valid choice.'),
    ]
    firing.refresh_from_db()
    assert firing.is_open
