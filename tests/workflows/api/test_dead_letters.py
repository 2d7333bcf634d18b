from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import LONG_AGO, DeadLetterFactory, ExecutionFactory
from workflows.models import DeadLetter, Execution

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

URL = "/api/v1/dead-letters"
EVIL = "</script>\u202e' OR 1=1 --"


def ids_of(api: APIClient, **query: Any) -> list[int]:
    return sorted(row["id"] for row in api.get(URL, query).json()["results"])


def test_a_letter_says_what_failed_where_and_with_what(api: APIClient, owner: User) -> None:
    letter = DeadLetterFactory(owner=owner, execution__execution_id="run-a", event_seq=7)

    body = api.get(f"{URL}/{letter.pk}").json()

    assert body.pop("created_at")
    assert body == {
        "id": letter.pk,
        "status": "open",
        "execution": "run-a",
        "workflow": None,
        "node": "pass",
        "component": "tpl_passthrough",
        "error": "cannot take 1",
        "code": "ValueError",
        "fingerprint": "0" * 64,
        "attempts": 1,
        "event_seq": 7,
        "event_url": "/api/v1/executions/run-a/events?after_seq=6&limit=1",
        "incomplete": "",
        "resolved_by": "",
        "resolved_at": None,
        "requeued_as": None,
        "inputs": {"input": {"type": "Integer", "data": 1}},
    }


def test_the_list_is_narrowed_by_each_filter(api: APIClient, owner: User) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="run-b", status="failed")
    letter = DeadLetterFactory(
        owner=owner, execution=execution, node=" n ", code="c", fingerprint="f" * 64
    )
    closed = DeadLetterFactory(owner=owner, status="discarded", resolved_at=LONG_AGO)

    for query in (
        {"execution": "run-b"},
        {"node": " n "},
        {"code": "c"},
        {"fingerprint": "f" * 64},
    ):
        assert ids_of(api, **query) == [letter.pk]
    assert ids_of(api, status="discarded") == [closed.pk]
    assert ids_of(api, workflow=0) == []
    assert ids_of(api, code=EVIL) == []
    assert api.get(URL, {"status": EVIL}).status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_queries_for_any_number(
    api: APIClient, owner: User, count: int
) -> None:
    run = ExecutionFactory(owner=owner, status="failed")
    DeadLetterFactory.create_batch(count, owner=owner, execution=run)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        body = api.get(URL).json()

    assert (len(body["results"]), len(queries)) == (count, 2)


def test_the_messages_of_a_letter_can_be_changed(api: APIClient, owner: User) -> None:
    letter = DeadLetterFactory(owner=owner, incomplete="too large")

    good = api.patch(f"{URL}/{letter.pk}", {"inputs": {"input": "x"}})
    bad = api.patch(f"{URL}/{letter.pk}", {"inputs": {"inputt": "x"}})

    assert (good.status_code, good.json()["incomplete"]) == (200, "")
    assert good.json()["inputs"] == {"input": {"type": "String", "data": "x"}}
    assert (bad.status_code, bad.json()["code"]) == (400, "input_invalid")
    assert DeadLetter.objects.get().inputs == '{"input":{"type":"String","data":"x"}}'


def test_letters_are_requeued_by_ids_once(api: APIClient, owner: User) -> None:
    letter = DeadLetterFactory(owner=owner)

    first = api.post(f"{URL}/requeue", {"ids": [letter.pk, letter.pk, 12345]}).json()
    second = api.post(f"{URL}/requeue", {"ids": [letter.pk]}).json()

    execution = Execution.objects.get(source="dead_letter")
    missing = {
        "code": "not_found",
        "message": "there is no such dead letter",
        "count": 1,
        "ids": [12345],
    }
    assert (first["matched"], first["done"], first["executions"], first["refused"]) == (
        1,
        1,
        [execution.execution_id],
        [missing],
    )
    assert (second["done"], second["refused"][0]["code"]) == (0, "dead_letter_resolved")
    run = api.get(f"/api/v1/executions/{execution.execution_id}").json()
    assert (run["start_node"], run["source"], run["dead_letters"]) == ("pass", "dead_letter", 0)
    assert run["input"] == json.loads(letter.inputs)


def test_a_filter_takes_open_letters_only_and_a_dry_run_changes_none(
    api: APIClient, owner: User
) -> None:
    DeadLetterFactory(owner=owner, code="a")
    DeadLetterFactory(owner=owner, code="b")
    DeadLetterFactory(owner=owner, code="a", status="discarded", resolved_at=LONG_AGO)
    body = {"filter": {"code": "a"}}

    dry = api.post(f"{URL}/discard", body | {"dry_run": True}).json()
    untouched = DeadLetter.objects.filter(status="open").count()
    done = api.post(f"{URL}/discard", body).json()

    expected = {"matched": 1, "done": 1, "left": 0, "refused": [], "executions": []}
    assert (dry, untouched) == ({"dry_run": True} | expected, 2)
    assert done == {"dry_run": False} | expected
    assert DeadLetter.objects.get(status="open").code == "b"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": [1], "filter": {}},
        {"ids": ["x"]},
        {"ids": [2**63]},
        {"ids": list(range(1001))},
        {"filter": {"status": "x"}},
        {"filter": {"work_flow": 1}},
        {"filter": {}, "dryrun": True},
        [],
        {"filter": []},
        {"filter": {"node": "\0"}},
    ],
)
def test_a_bulk_request_that_is_unclear_is_refused(api: APIClient, owner: User, body: Any) -> None:
    DeadLetterFactory(owner=owner)

    answer = api.post(f"{URL}/discard", body)

    assert answer.status_code == 400
    assert DeadLetter.objects.get().status == "open"


def test_groups_count_the_letters_of_one_cause(api: APIClient, owner: User) -> None:
    DeadLetterFactory(owner=owner, error="b")
    DeadLetterFactory(owner=owner, error="a", status="discarded", resolved_at=LONG_AGO)
    DeadLetterFactory(owner=owner, fingerprint="f" * 64, code="other")

    groups = api.get(f"{URL}/groups").json()

    counted = [(row["fingerprint"][0], row["count"], row["open"], row["error"]) for row in groups]
    assert counted == [("0", 2, 1, "a"), ("f", 1, 1, "cannot take 1")]
    assert [row["code"] for row in api.get(f"{URL}/groups?code=other").json()] == ["other"]


def test_nobody_sees_or_touches_the_letters_of_another(stranger: APIClient, owner: User) -> None:
    letter = DeadLetterFactory(owner=owner)

    answers = [
        stranger.get(f"{URL}/{letter.pk}").status_code,
        stranger.patch(f"{URL}/{letter.pk}", {"inputs": {"input": 2}}).status_code,
        stranger.get(URL).json()["results"],
        stranger.get(f"{URL}/groups").json(),
        stranger.post(f"{URL}/requeue", {"ids": [letter.pk]}).json()["done"],
        stranger.post(f"{URL}/discard", {"filter": {}}).json()["matched"],
    ]

    assert answers == [404, 404, [], [], 0, 0]
    assert DeadLetter.objects.get().status == "open"
