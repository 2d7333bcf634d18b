"""Whatever is posted, the answer is the one error shape, and nothing is stored half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.api.bodies import problem, timeless
from tests.workflows.api.graphs import connection, pipeline
from workflows.models import Execution, WorkflowVersion
from workflows.services import create_workflow, start_execution

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def post_raw(api: APIClient, body: bytes, kind: str = "application/json") -> Any:
    return api.post("/workflows", data=body, content_type=kind)


def refused(error: str, code: str, *problems: dict[str, str]) -> dict[str, Any]:
    return {"success": False, "error": error, "code": code, "problems": list(problems)}


def stored() -> tuple[int, int]:
    return Execution.objects.count(), WorkflowVersion.objects.count()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"{garbage", "", id="garbage"),
        pytest.param(b'{"graph_json": \xff}', "", id="not UTF-8"),
        pytest.param(b'{"input": NaN}', "NaN", id="NaN"),
        pytest.param(b'{"input": 1e400}', "", id="a number too large"),
        pytest.param(b'{"input": 1, "input": 2}', "input", id="a key twice"),
        pytest.param(b'{"input": "\\u0000"}', "", id="NUL"),
        pytest.param(b'{"input": "\\ud800"}', "", id="a lone surrogate"),
        pytest.param(b"[" * 50_000 + b"]" * 50_000, "64", id="deep nesting"),
        pytest.param(b'{"graph_json": ' * 100 + b"1" + b"}" * 100, "64", id="deep objects"),
    ],
)
def test_what_is_no_json_is_refused(api: APIClient, body: bytes, said: str) -> None:
    response = post_raw(api, body)

    answer = timeless(response.json())
    assert response.status_code == 400
    assert answer == refused(answer["error"], "json_invalid")
    assert said in answer["error"]
    assert stored() == (0, 0)


@pytest.mark.parametrize(
    ("where", "body", "key", "hint"),
    [
        ("post executions", {"graph": {}, "execution_ID": "a"}, "execution_ID", "execution_id"),
        ("post executions/bulk", {"graph": {}, "items": [{"inputs": {}}]}, "inputs", "input"),
        ("post workflows", {"name": "a", "graph": {}, "keep_day": 3}, "keep_day", "keep_days"),
        ("patch workflows/{pk}", {"max_concurent": 1}, "max_concurent", "max_concurrent"),
        ("patch executions/{run}", {"pined": True}, "pined", "pinned"),
        ("post executions/{run}/cancel", {"reasons": "typo"}, "reasons", "reason"),
        ("post graphs/validate", {"graph": {}, "grap": {}}, "grap", "graph"),
    ],
)
def test_a_misspelt_key_is_named_and_not_ignored(
    where: str, body: dict[str, Any], key: str, hint: str, *, api: APIClient, owner: User
) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=pipeline())
    run = start_execution(owner=owner, workflow=workflow, input={"start": 1}).execution
    method, place = where.format(pk=workflow.pk, run=run.execution_id).split()

    response = getattr(api, method)(f"/api/v1/{place}", body, format="json")

    problems = {item["where"].split(".")[-1]: item for item in response.json()["problems"]}
    assert response.status_code == 400
    assert (problems[key]["code"], hint in problems[key]["message"]) == ("unknown_key", True)
    assert (stored(), Execution.objects.get().status) == ((1, 1), "queued")


def test_a_body_of_50_mib_is_refused(api: APIClient) -> None:
    response = post_raw(api, b'{"input": "' + b"x" * 50 * 1024 * 1024 + b'"}')

    assert response.status_code == 413
    assert timeless(response.json()) == refused(
        "the body is over 10485760 bytes (limit: API_MAX_BODY_BYTES)", "body_too_large"
    )
    assert stored() == (0, 0)


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/xml"])
def test_another_content_type_is_refused(api: APIClient, kind: str) -> None:
    response = post_raw(api, b"{}", kind)

    assert response.status_code == 415
    assert timeless(response.json()) == refused(
        f'Unsupported media type "{kind}" in request.', "unsupported_media_type"
    )


def test_an_empty_body_names_what_is_missing(api: APIClient) -> None:
    response = post_raw(api, b"")

    assert response.status_code == 400
    assert timeless(response.json()) == refused(
        "graph_json: This field is required.",
        "invalid",
        problem("graph_json", "This field is required.", "required"),
    )


def test_a_list_is_no_body(api: APIClient) -> None:
    answer = timeless(api.post("/workflows", [1]).json())

    message = "Invalid data. Expected a dictionary, but got list."
    assert answer == refused(f"body: {message}", "invalid", problem("body", message, "invalid"))


@pytest.mark.parametrize("value", ["text", 1, True, [], None])
def test_every_wrong_part_is_named_at_once(api: APIClient, value: Any) -> None:
    body = {"graph_json": value, "input": "x", "metadata": {"execution_id": "a b"}}

    response = api.post("/workflows", body)

    answer = response.json()
    assert response.status_code == 400
    assert [item["where"] for item in answer["problems"]] == [
        "graph_json",
        "input",
        "metadata.execution_id",
    ]
    assert stored() == (0, 0)


def test_every_problem_of_a_graph_is_named_at_once(api: APIClient) -> None:
    graph = pipeline(
        processes={
            "a": {"id": "a", "component": "tpl_passthru", "metadata": None},
            "b": {"id": "b", "component": "tpl_passthrough", "metadata": None},
            "c": {"id": "c", "component": "tpl_passthrough", "metadata": None},
        },
        connections=[connection("b", "output", "c", "inptu")],
        inports={},
        outports={},
    )

    response = api.post("/workflows", {"graph_json": graph})

    answer = response.json()
    assert response.status_code == 400
    assert answer["code"] == "graph_invalid"
    assert [(item["node"], item["port"], item["code"]) for item in answer["problems"]] == [
        ("a", "", "unknown_component"),
        ("c", "inptu", "unknown_inport"),
    ]
    assert ["did you mean" in item["hint"] for item in answer["problems"]] == [True, True]
    assert stored() == (0, 0)


def test_a_type_mismatch_names_both_types(api: APIClient) -> None:
    graph = pipeline(
        processes={
            "a": {"id": "a", "component": "tpl_collect", "metadata": None},
            "b": {"id": "b", "component": "tpl_split", "metadata": None},
        },
        connections=[connection("a", "count", "b", "input")],
        outports={},
    )

    response = api.post("/workflows", {"graph_json": graph})

    answer = response.json()
    assert (response.status_code, answer["code"]) == (400, "graph_invalid")
    assert [item["code"] for item in answer["problems"]] == ["type_mismatch"]
    assert "integer" in answer["error"]
    assert "array" in answer["error"]
    assert stored() == (0, 0)


def test_an_execution_id_with_other_content_is_a_conflict(api: APIClient) -> None:
    metadata = {"execution_id": "taken"}
    api.post("/workflows", {"graph_json": pipeline(), "metadata": metadata})
    before = stored()

    response = api.post(
        "/workflows", {"graph_json": pipeline(), "input": {"start": 2}, "metadata": metadata}
    )

    assert response.status_code == 409
    assert timeless(response.json()) == refused(
        "execution_id 'taken' was used before with other content", "execution_id_conflict"
    )
    assert stored() == before


@pytest.mark.parametrize("path", ["/workflows/unknown", "/workflows/a%00b", "/api/v1/nothing"])
def test_an_unknown_address_is_a_404_in_the_envelope(api: APIClient, path: str) -> None:
    response = api.get(path)

    answer = timeless(response.json())
    assert response.status_code == 404
    assert answer == refused(answer["error"], "not_found")


def test_a_wrong_method_is_a_405(api: APIClient) -> None:
    response = api.delete("/workflows")

    assert response.status_code == 405
    assert timeless(response.json()) == refused(
        'Method "DELETE" not allowed.', "method_not_allowed"
    )


def test_json_is_answered_whatever_is_accepted(api: APIClient) -> None:
    response = api.get("/workflows/unknown", headers={"Accept": "text/html"})

    assert (response.status_code, response["Content-Type"]) == (404, "application/json")


def test_numbers_keep_their_kind(api: APIClient) -> None:
    text = json.dumps({"graph_json": pipeline(), "input": {"start": 1.0}})

    post_raw(api, text.encode())

    assert Execution.objects.get().input == '{"start":1.0}'
