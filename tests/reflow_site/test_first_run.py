from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reflow_site.supervisor.banner import first_run, new_credentials
from reflow_site.supervisor.credentials import Credentials
from reflow_site.supervisor.first_run import (
    Client,
    FirstRun,
    FirstRunError,
    connect,
    examples_of,
    send_example,
)

if TYPE_CHECKING:
    from collections.abc import Callable

GRAPH = {"inports": {"orders": {"metadata": {"example": "[]"}}, "other": {"metadata": None}}}
RESULT = {"results": {"duration_ms": 1.5, "outputs": {"ship": [1]}}}


class FakeServer:
    """Accepts a run, and says ``started`` as often as it is told before it says ``status``."""

    def __init__(self, *, polls: int = 1, status: str = "completed") -> None:
        self.polls = polls
        self.status = status
        self.posted: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.posted.append(json.loads(request.content))
            return httpx.Response(200, json={"success": True, "data": {"execution_id": "r1"}})
        self.polls -= 1
        data: dict[str, Any] = {"status": "running", "result": None}
        if self.polls < 0:
            data = {"status": self.status, "result": RESULT}
        return httpx.Response(200, json={"success": True, "data": data})


def client_of(handler: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client(httpx.Client(transport=httpx.MockTransport(handler), base_url="http://x"))


def wait(until: Callable[[], bool]) -> bool:
    return any(until() for _ in range(5))


def test_the_example_is_sent_with_its_example_values_and_read_to_its_end() -> None:
    server = FakeServer()

    run = send_example(client_of(server), json.dumps(GRAPH), wait)

    assert (run.execution_id, run.status, run.outputs, run.duration_ms) == (
        "r1",
        "completed",
        {"ship": [1]},
        1.5,
    )
    assert run.elapsed_ms > 0
    assert server.posted == [
        {"graph_json": GRAPH, "input": {"orders": "[]"}, "metadata": {"source": "up"}}
    ]


def test_a_run_that_does_not_end_is_told_with_its_status() -> None:
    with pytest.raises(FirstRunError, match=r"^run r1 is still running$"):
        send_example(client_of(FakeServer(polls=99)), json.dumps(GRAPH), wait)


def test_a_run_that_failed_is_a_result_too() -> None:
    run = send_example(client_of(FakeServer(status="failed")), json.dumps(GRAPH), wait)

    assert run.status == "failed"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(400, json={"success": False, "error": "no"}), "answered 400: no"),
        (httpx.Response(502, text="<html>"), "answered 502: no JSON in the answer"),
        (httpx.Response(200, json={"success": False}), "answered 200: "),
    ],
)
def test_a_refusal_is_told_with_its_status_and_reason(answer: httpx.Response, problem: str) -> None:
    with pytest.raises(FirstRunError) as caught:
        send_example(client_of(lambda request: answer), json.dumps(GRAPH), wait)

    assert str(caught.value) == f"POST /workflows {problem}"


def test_a_server_that_is_not_there_is_told() -> None:
    with connect("http://127.0.0.1:9", "token") as http, pytest.raises(FirstRunError) as caught:
        send_example(Client(http), json.dumps(GRAPH), wait)

    assert str(caught.value).startswith("the server did not answer: ")


def test_a_server_is_healthy_when_it_says_so() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert client_of(lambda request: httpx.Response(200)).is_healthy() is True
    assert client_of(lambda request: httpx.Response(500)).is_healthy() is False
    assert client_of(refuse).is_healthy() is False


def test_our_own_server_is_asked_with_the_token_and_through_no_proxy() -> None:
    with connect("http://x", "secret") as http:
        assert http.headers["Authorization"] == "Bearer secret"
        assert http.trust_env is False


def test_only_inports_that_give_an_example_are_filled() -> None:
    assert examples_of({"inports": {"a": {"metadata": {"example": None}}, "b": {}}}) == {"a": None}


def test_a_long_output_is_shortened_for_the_terminal() -> None:
    run = FirstRun("r1", "completed", {"out": ["x" * 500]}, 1, 20)

    shown = first_run(run, "http://x/run")

    assert "completed 20 ms after the request (1.0 ms in the engine)" in shown
    assert f'    out        ["{"x" * 158} ...\n' in shown


def test_a_password_that_we_do_not_know_is_not_made_up() -> None:
    assert "password  (as you set it)" in new_credentials(Credentials("ada", "", "t"))
