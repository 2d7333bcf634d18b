from __future__ import annotations

import hmac
import json
import socket
import threading
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.factories import LONG_AGO, ExecutionFactory, WorkflowFactory, claim_of, one_node_graph
from workflows import outbox
from workflows.deliveries import deliver_due, pause, redeliver
from workflows.endings import End, fail, write_end
from workflows.models import DeliveryStatus, Execution, Status, WebhookDelivery
from workflows.services import cancel_execution, start_execution
from workflows.signing import forget_secrets, new_secret
from workflows.webhooks import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db
Call = tuple[dict[str, str], bytes]


class Receiver:
    """A real server on loopback that answers by a script; its last line is repeated."""

    def __init__(self, port: int, calls: list[Call]) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.calls = calls


@contextmanager
def receiving(*answers: bytes) -> Iterator[Receiver]:
    calls: list[Call] = []
    script = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.wfile.write(script.pop(0) if len(script) > 1 else script[0])
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Receiver(server.server_port, calls)
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


@pytest.fixture(autouse=True)
def _private_hosts(settings: Any) -> None:
    settings.HTTP_ALLOW_PRIVATE = ["127.0.0.1"]
    settings.WEBHOOK_TIMEOUT_SECONDS = 5.0
    settings.WEBHOOK_SECRETS = []


def ended(url: str, **columns: Any) -> WebhookDelivery:
    """The delivery of a run that has just completed."""
    row = ExecutionFactory(status=Status.RUNNING, webhook_url=url, **columns)
    write_end(claim_of(row), End(Status.COMPLETED, outputs={"out": [1]}))
    return WebhookDelivery.objects.get(execution=row)


def due_again(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_at=LONG_AGO)


def test_a_completed_run_is_posted_with_its_result_its_headers_and_a_signature(
    settings: Any,
) -> None:
    settings.WEBHOOK_SECRETS = ["new", "old"]
    metadata = json.dumps({"webhook_headers": {"Authorization": "Bearer s3cret"}})
    with receiving(answer(204)) as receiver:
        delivery = ended(receiver.url, metadata=metadata)
        made = deliver_due()

    delivery.refresh_from_db()
    headers, body = receiver.calls[0]
    sent = json.loads(body)
    stamp, *digests = headers["reflow-signature"].split(",")
    signed = stamp.removeprefix("t=").encode() + b"." + body
    assert made == 1
    assert (delivery.status, delivery.last_status) == (DeliveryStatus.DELIVERED, 204)
    assert delivery.delivered_at is not None
    assert headers["authorization"] == "Bearer s3cret"
    assert headers["content-type"] == "application/json"
    assert headers["reflow-delivery"] == headers["idempotency-key"] == str(delivery.pk)
    assert digests == [
        f"v1={hmac.new(secret, signed, sha256).hexdigest()}" for secret in (b"new", b"old")
    ]
    assert (sent["type"], sent["status"]) == ("execution.completed", "completed")
    assert sent["execution_id"] == delivery.execution.execution_id
    assert sent["result"]["outputs"] == {"out": [1]}


def test_without_secrets_a_webhook_is_not_signed() -> None:
    with receiving(answer(200)) as receiver:
        ended(receiver.url)
        deliver_due()

    assert "reflow-signature" not in receiver.calls[0][0]


def test_the_signature_is_that_of_time_and_body() -> None:
    expected = hmac.new(b"key", b"1700000000.{}", sha256).hexdigest()

    assert signature(b"{}", ["key"], 1_700_000_000) == f"t=1700000000,v1={expected}"


def test_a_workflow_signs_with_its_own_secrets_the_two_newest(settings: Any) -> None:
    settings.WEBHOOK_SECRETS = ["of the server"]
    workflow = WorkflowFactory()
    made = [new_secret(workflow) for _ in range(3)]
    with receiving(answer(204), answer(204)) as receiver:
        ended(receiver.url, workflow=workflow)
        deliver_due()
        forget_secrets(workflow)
        ended(receiver.url, workflow=workflow)
        deliver_due()

    signed = []
    for headers, body in receiver.calls:
        stamp = headers["reflow-signature"].split(",")[0].removeprefix("t=")
        signed.append((headers["reflow-signature"], body, int(stamp)))
    own, servers = signed
    assert own[0] == signature(own[1], [made[2], made[1]], own[2])
    assert servers[0] == signature(servers[1], ["of the server"], servers[2])


def test_errors_of_the_receiver_are_tried_again_until_it_takes_it() -> None:
    with receiving(answer(500), answer(503), answer(200)) as receiver:
        delivery = ended(receiver.url)
        for _ in range(3):
            due_again(delivery)
            deliver_due()
        due_again(delivery)
        after = deliver_due()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, after) == (DeliveryStatus.DELIVERED, 3, 0)
    assert len({headers["reflow-delivery"] for headers, _ in receiver.calls}) == 1
    assert len({body for _, body in receiver.calls}) == 1


@pytest.mark.parametrize(
    ("raw", "status", "error"),
    [
        (answer(500), "pending", "the receiver answered 500"),
        (answer(410), "failed", "410: the receiver wants no further call"),
        (answer(302, "Location: /elsewhere"), "pending", "redirects are not followed"),
        (b"no HTTP at all\r\n\r\n", "pending", "is not proper HTTP"),
        (b"", "pending", ""),
        (answer(200, body=b"x" * 1_100_000), "failed", "is larger than"),
    ],
    ids=["500", "410", "redirect", "garbage", "nothing", "too large"],
)
def test_what_an_answer_means(raw: bytes, status: str, error: str) -> None:
    with receiving(raw) as receiver:
        delivery = ended(receiver.url)
        deliver_due()

    delivery.refresh_from_db()
    assert (delivery.status, len(receiver.calls)) == (status, 1)
    assert error in delivery.last_error


def test_a_receiver_that_never_answers_costs_one_timeout(settings: Any) -> None:
    settings.WEBHOOK_TIMEOUT_SECONDS = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        delivery = ended(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        deliver_due()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.PENDING, 1)
    assert "no whole answer in 0.2 s" in delivery.last_error
    assert delivery.next_at > timezone.now()


def test_a_private_address_is_not_called_unless_the_operator_allows_it(settings: Any) -> None:
    settings.HTTP_ALLOW_PRIVATE = []
    with receiving(answer(200)) as receiver:
        delivery = ended(receiver.url)
        deliver_due()

    delivery.refresh_from_db()
    assert (delivery.status, receiver.calls) == (DeliveryStatus.FAILED, [])
    assert "may not be reached" in delivery.last_error


def test_after_the_last_attempt_it_is_given_up_and_can_be_sent_again(settings: Any) -> None:
    settings.WEBHOOK_RETRY_SECONDS = 1.0
    with receiving(answer(500), answer(200)) as receiver:
        delivery = ended(receiver.url)
        deliver_due()
        delivery.refresh_from_db()
        given_up = delivery.status

        redeliver(delivery)
        deliver_due()

    delivery.refresh_from_db()
    assert (given_up, delivery.status) == (DeliveryStatus.GAVE_UP, DeliveryStatus.DELIVERED)


def test_pauses_grow_to_three_hours() -> None:
    longest = [10, 30, 90, 270, 810, 2430, 7290, 10_800, 10_800]

    for attempt, seconds in enumerate(longest, 1):
        assert 0.75 * seconds <= pause(attempt) <= seconds


def test_a_delivery_whose_process_died_comes_due_again() -> None:
    with receiving(answer(200)) as receiver:
        delivery = ended(receiver.url)
        WebhookDelivery.objects.update(attempts=1, next_at=LONG_AGO)  # taken, never recorded
        deliver_due()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 2)


def test_a_cancelled_and_a_lost_run_are_posted_too(owner: User) -> None:
    queued = ExecutionFactory(owner=owner, webhook_url="http://a.example/")
    lost = ExecutionFactory(status=Status.RUNNING, webhook_url="http://a.example/")

    cancel_execution(execution=queued, by=owner)
    fail(lost.pk, "its worker was lost", "worker_lost")

    bodies = {row.execution_id: json.loads(row.body) for row in WebhookDelivery.objects.all()}
    assert {pk: body["type"] for pk, body in bodies.items()} == {
        queued.pk: "execution.cancelled",
        lost.pk: "execution.failed",
    }
    assert bodies[lost.pk]["error_code"] == "worker_lost"


def test_an_end_that_is_rolled_back_leaves_no_delivery() -> None:
    row = ExecutionFactory(status=Status.RUNNING, webhook_url="http://a.example/")

    with transaction.atomic():
        write_end(claim_of(row), End(Status.COMPLETED))
        transaction.set_rollback(True)

    assert not WebhookDelivery.objects.exists()


def test_a_run_without_a_webhook_has_no_delivery() -> None:
    row = ExecutionFactory(status=Status.RUNNING)

    write_end(claim_of(row), End(Status.COMPLETED))

    assert not WebhookDelivery.objects.exists()


def test_a_result_that_is_too_large_is_left_out(settings: Any) -> None:
    settings.WEBHOOK_BYTES = 600
    row = ExecutionFactory(status=Status.RUNNING, webhook_url="http://a.example/")

    write_end(claim_of(row), End(Status.COMPLETED, outputs={"out": ["x" * 1000]}))

    body = json.loads(WebhookDelivery.objects.get().body)
    assert (body["result"], body["result_omitted"]) == (None, True)


def test_the_keeper_wakes_a_worker_for_what_nobody_sent() -> None:
    delivery = ended("http://a.example/")
    WebhookDelivery.objects.update(next_at=delivery.created_at.replace(year=2020))

    assert (outbox.sweep(), outbox.sweep()) == (1, 0)


@pytest.mark.usefixtures("broken_broker")
def test_a_broker_that_is_away_leaves_it_to_the_next_round() -> None:
    delivery = ended("http://a.example/")
    WebhookDelivery.objects.update(next_at=delivery.created_at.replace(year=2020))

    assert outbox.sweep() == 0
    assert WebhookDelivery.objects.get().hinted_at is None


@pytest.mark.django_db(transaction=True)
def test_several_senders_at_once_send_each_once() -> None:
    with receiving(answer(200)) as receiver:
        for _ in range(6):
            ended(receiver.url)
        threads = [threading.Thread(target=_send_and_close) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    ids = [headers["reflow-delivery"] for headers, _ in receiver.calls]
    assert (len(ids), len(set(ids))) == (6, 6)
    assert not WebhookDelivery.objects.exclude(status=DeliveryStatus.DELIVERED).exists()


def _send_and_close() -> None:
    try:
        deliver_due()
    finally:
        connection.close()


def test_a_start_keeps_the_address_for_the_end(owner: User) -> None:
    start = start_execution(
        owner=owner,
        graph=one_node_graph(),
        input={"in": 1},
        metadata={"webhook_url": "https://a.example/x"},
    )

    assert Execution.objects.get(pk=start.execution.pk).webhook_url == "https://a.example/x"
