from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import ExecutionFactory, one_node_graph
from workflows.endings import fail
from workflows.models import DeliveryStatus, Execution, WebhookDelivery

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

SECRET = "s3cret-of-the-receiver"


def delivery_of(owner: User) -> WebhookDelivery:
    metadata = f'{{"webhook_headers": {{"X-Key": "{SECRET}"}}}}'
    row = ExecutionFactory(owner=owner, webhook_url="http://a.example/", metadata=metadata)
    fail(row.pk, "broken", "test")
    return WebhookDelivery.objects.get(execution=row)


def body(**metadata: Any) -> dict[str, Any]:
    graph = one_node_graph().to_dict()
    return {"graph_json": graph, "input": {"in": 1}, "metadata": metadata}


def test_deliveries_are_listed_and_shown_without_their_headers(api: APIClient, owner: User) -> None:
    delivery = delivery_of(owner)

    listed = api.get("/api/v1/webhook-deliveries?status=pending")
    shown = api.get(f"/api/v1/webhook-deliveries/{delivery.pk}")

    assert [row["id"] for row in listed.json()["results"]] == [str(delivery.pk)]
    assert shown.json()["execution_id"] == delivery.execution.execution_id
    assert shown.json()["body"]["type"] == "execution.failed"
    assert SECRET not in listed.content.decode() + shown.content.decode()


def test_a_delivery_can_be_sent_again(api: APIClient, owner: User) -> None:
    delivery = delivery_of(owner)
    WebhookDelivery.objects.update(status=DeliveryStatus.GAVE_UP)

    answer = api.post(f"/api/v1/webhook-deliveries/{delivery.pk}/redeliver")

    assert (answer.status_code, answer.json()["status"]) == (202, "pending")


def test_a_strangers_deliveries_are_not_there(stranger: APIClient, owner: User) -> None:
    delivery = delivery_of(owner)

    where = f"/api/v1/webhook-deliveries/{delivery.pk}"
    codes = (stranger.get(where).status_code, stranger.post(f"{where}/redeliver").status_code)

    assert codes == (404, 404)
    assert stranger.get("/api/v1/webhook-deliveries").json()["results"] == []


def test_the_headers_of_a_webhook_are_not_shown_with_the_run(api: APIClient) -> None:
    given = body(webhook_url="http://a.example/", webhook_headers={"X-Key": SECRET})
    run_id = api.post("/workflows", given).json()["data"]["execution_id"]

    assert SECRET not in api.get(f"/api/v1/executions/{run_id}").content.decode()


def test_an_unfit_webhook_is_a_400_that_names_it(api: APIClient) -> None:
    given = body(webhook_url="ftp://a.example/", webhook_headers={"X-Key": SECRET})
    answer = api.post("/workflows", given)

    assert answer.status_code == 400
    assert [p["where"] for p in answer.json()["problems"]] == ["metadata.webhook_url"]


@pytest.mark.parametrize("path", ["/workflows", "/api/v1/executions"])
def test_the_same_idempotency_key_starts_once(api: APIClient, path: str) -> None:
    given = body()
    if path != "/workflows":
        given["graph"] = given.pop("graph_json")
    headers = {"Idempotency-Key": "order-7"}

    answers = [api.post(path, given, headers=headers) for _ in range(2)]
    other = api.post(path, given | {"input": {"in": 2}}, headers=headers)

    assert {answer.status_code for answer in answers} <= {200, 202}
    assert Execution.objects.count() == 1
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_conflict")


def test_a_full_queue_is_a_429_that_says_when_to_ask_again(api: APIClient, settings: Any) -> None:
    settings.QUEUE_LIMIT_USER = 1
    api.post("/workflows", body())

    answer = api.post("/workflows", body())

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert answer.json()["code"] == "queue_full"
    assert "limit: QUEUE_LIMIT_USER" in answer.json()["error"]


def test_a_workflows_slots_are_set_by_rest(api: APIClient) -> None:
    given = {"name": "w", "graph": one_node_graph().to_dict(), "max_concurrent": 2}
    where = f"/api/v1/workflows/{api.post('/api/v1/workflows', given).json()['id']}"

    changed = api.patch(where, {"when_full": "reject"}).json()
    cleared = api.patch(where, {"max_concurrent": None}).json()
    refused = api.patch(where, {"max_concurrent": 0, "when_full": "wait"})

    assert (changed["max_concurrent"], changed["when_full"]) == (2, "reject")
    assert (cleared["max_concurrent"], cleared["when_full"]) == (None, "reject")
    assert refused.status_code == 400
    assert {p["where"] for p in refused.json()["problems"]} == {"max_concurrent", "when_full"}
