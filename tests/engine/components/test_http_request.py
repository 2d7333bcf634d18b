"""HTTP requests of a graph, against real servers on loopback."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine import Network, builtin
from engine.errors import ConfigError
from engine.messages import FLOW, Encoded, ErrorValue, OptionalValue, freeze
from engine.node_config import build_config
from engine.permissions import Permissions
from tests.engine.components.harness import run_actor
from tests.engine.web import Request, Respond, always, answer, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOPBACK = Permissions(network=True, private_hosts=frozenset({"127.0.0.1"}))
JSON = {"content-type": "application/json"}


class OwnClock:
    """Time that passes only when somebody sleeps, and says for how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 1_000_000 + sum(self.slept)

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def requested(
    config: dict[str, Any],
    inputs: dict[str, Sequence[Any]] | None = None,
    clock: OwnClock | None = None,
    permissions: Permissions = LOOPBACK,
) -> dict[str, list[Any]]:
    async with asyncio.timeout(20):
        return await run_actor(
            "tpl_http_request", config, inputs, permissions=permissions, clock=clock
        )


def in_turn(*replies: bytes) -> Respond:
    """Answer the n-th request with the n-th reply."""
    left = list(replies)

    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0))

    return respond


async def test_a_response_is_sent_whole_and_in_parts() -> None:
    reply = answer(b'{"name": "Ann"}', headers={**JSON, "X-A": "b"})
    async with serving(always(reply)) as server:
        outputs = await requested({"url": server.url("/who?q=1")})

    headers = {"content-length": "15", "connection": "close", **JSON, "x-a": "b"}
    assert outputs == {
        "response_out": [
            {
                "status": 200,
                "headers": headers,
                "body": {"name": "Ann"},
                "url": server.url("/who?q=1"),
                "method": "GET",
            }
        ],
        "status": [200],
        "headers": [headers],
        "body": [{"name": "Ann"}],
    }


@pytest.mark.parametrize(
    ("data", "body", "content_type"),
    [
        ({"a": [1, 2.0]}, b'{"a":[1,2.0]}', "application/json"),
        (5, b"5", "application/json"),
        ("grün", "grün".encode(), "text/plain; charset=utf-8"),
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
        (FLOW, b"", None),
        (OptionalValue("x"), b"x", "text/plain; charset=utf-8"),
        (Encoded(b"\x01"), b"\x01", "application/octet-stream"),
        (None, b"", None),
    ],
)
async def test_data_is_the_body(data: Any, body: bytes, content_type: str | None) -> None:
    async with serving(always(answer())) as server:
        await requested({"url": server.url(), "method": "post"}, {"data_in": [freeze(data)]})

    sent = server.requests[0]
    assert (sent.method, sent.body, sent.headers.get("content-type")) == (
        "POST",
        body,
        content_type,
    )


async def test_a_configured_body_replaces_the_data() -> None:
    config = {"method": "PUT", "body": {"fixed": True}, "headers": {"Content-Type": "a/b"}}
    async with serving(always(answer())) as server:
        await requested({"url": server.url(), **config}, {"data-in": [{"x": 1}]})

    assert json.loads(server.requests[0].body) == {"fixed": True}
    assert server.requests[0].headers["content-type"] == "a/b"


async def test_data_and_headers_together_are_one_request() -> None:
    inputs: dict[str, Sequence[Any]] = {
        "data_in": ["one", "two"],
        "headers-in": [{"X-N": 1, "x-all": "in"}, {"X-N": True}],
    }
    config = {"method": "POST", "headers": {"X-All": "config"}}
    async with serving(always(answer())) as server:
        await requested({"url": server.url(), **config}, inputs)

    sent = {
        item.body.decode(): (item.headers["x-n"], item.headers["x-all"]) for item in server.requests
    }
    assert sent == {"one": ("1", "config"), "two": ("true", "config")}


@pytest.mark.parametrize("status", ["404 Not Found", "500 Broken", "204 Nothing"])
async def test_every_status_is_a_response(status: str) -> None:
    async with serving(always(answer(status=status))) as server:
        outputs = await requested({"url": server.url()})

    assert (outputs["status"], outputs["body"]) == ([int(status[:3])], [""])
    assert "error_out" not in outputs


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"hello", {}, "hello"),
        (b"[1, 2.5, null]", {}, [1, 2.5, None]),
        (b"NaN", {}, "NaN"),
        (b'{"a": 1, "a": 2}', JSON, '{"a": 1, "a": 2}'),
        (b"[" * 500, JSON, "[" * 500),
        (b"\xff\xfe\x00", {"content-type": "image/png"}, b"\xff\xfe\x00"),
        ("grün".encode("latin-1"), {"content-type": "text/plain; charset=latin1"}, "grün"),
    ],
)
async def test_a_body_is_json_or_text_or_bytes(
    body: bytes, headers: dict[str, str], expected: Any
) -> None:
    async with serving(always(answer(body, headers=headers))) as server:
        outputs = await requested({"url": server.url()})

    assert outputs["body"] == [expected]


async def test_responses_leave_in_the_order_of_their_requests() -> None:
    arrived = 0
    everybody = asyncio.Event()

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 5:
            everybody.set()
        async with asyncio.timeout(10):
            await everybody.wait()  # so all five were under way together
        writer.write(answer(request.body))

    async with serving(respond) as server:
        outputs = await requested(
            {"url": server.url(), "method": "POST"}, {"data_in": [1, 2, 3, 4, 5]}
        )

    assert outputs["body"] == [1, 2, 3, 4, 5]


async def test_a_time_out_is_an_error() -> None:
    async def respond(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(respond) as server:
        outputs = await requested({"url": server.url("/?key=hidden"), "timeout": 200})

    assert outputs == {
        "error_out": [ErrorValue(f"{server.url('/')}?key=...: no whole answer in 0.2 s")]
    }


async def test_without_permission_there_is_an_error_and_no_request() -> None:
    async with serving(always(answer())) as server:
        denied = await requested({"url": server.url()}, permissions=Permissions())
        private = await requested({"url": server.url()}, permissions=Permissions(network=True))

    assert denied["error_out"] == [
        ErrorValue("this run may not use the network (permission: network)")
    ]
    assert private["error_out"] == [
        ErrorValue("127.0.0.1 may not be reached: loopback (private_hosts)")
    ]
    assert server.requests == []


async def test_an_error_nobody_listens_to_fails_the_run() -> None:
    network = Network(permissions=Permissions())
    network.add_node("ask", "tpl_http_request", {"url": "http://example.com/"})

    result = await network.run()

    assert (result.status, [item.node for item in result.errors]) == ("failed", ["ask"])


async def test_a_failed_attempt_is_sent_again_and_logged() -> None:
    clock = OwnClock()
    replies = in_turn(
        answer(status="503 Busy"),
        answer(status="429 Slow down", headers={"retry-after": "7"}),
        b"",
        answer(b"done"),
    )
    async with serving(replies) as server:
        outputs = await requested(
            {"url": server.url(), "retryCount": 3, "retryDelayMs": 200}, clock=clock
        )

    assert (outputs["body"], len(server.requests)) == (["done"], 4)
    assert [seconds for seconds in clock.slept if seconds] == [0.2, 7.0, 0.2]


async def test_every_attempt_of_a_request_has_one_key_and_another_request_another() -> None:
    replies = in_turn(answer(status="503 Busy"), answer(), answer(), answer())
    async with serving(replies) as server:
        await requested(
            {"url": server.url(), "method": "POST", "retryCount": 1, "retryDelayMs": 0},
            {"data_in": ["pay"]},
        )
        await requested({"url": server.url(), "method": "POST"}, {"data_in": ["pay"]})

    first, again, other_run = (item.headers["idempotency-key"] for item in server.requests)
    assert first == again
    assert len({first, other_run}) == 2


async def test_a_request_that_only_reads_has_no_key_and_a_given_one_stays() -> None:
    own = {"headers": {"idempotency-key": "mine"}}
    async with serving(always(answer())) as server:
        await requested({"url": server.url()})
        await requested({"url": server.url(), "method": "POST", **own}, {"data_in": [1]})

    assert [item.headers.get("idempotency-key") for item in server.requests] == [None, "mine"]


async def test_the_last_attempt_is_the_answer_whatever_it_is() -> None:
    async with serving(always(answer(b"busy", "503 Busy"))) as server:
        outputs = await requested(
            {"url": server.url(), "retryCount": 2, "retryDelayMs": 0}, clock=OwnClock()
        )

    assert (outputs["status"], outputs["body"], len(server.requests)) == ([503], ["busy"], 3)


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "501 No"])
async def test_a_definite_answer_is_not_asked_for_again(status: str) -> None:
    async with serving(always(answer(status=status))) as server:
        await requested({"url": server.url(), "retryCount": 3}, clock=OwnClock())

    assert len(server.requests) == 1


async def test_a_denied_address_is_not_tried_again() -> None:
    clock = OwnClock()

    outputs = await requested({"url": "http://10.0.0.1/", "retryCount": 3}, clock=clock)

    assert outputs["error_out"] == [
        ErrorValue("10.0.0.1 may not be reached: private (private_hosts)")
    ]
    assert not any(clock.slept)


async def test_attempts_are_events_of_the_run() -> None:
    events: list[Any] = []
    async with serving(in_turn(answer(status="502 Bad"), answer())) as server:
        network = Network(permissions=LOOPBACK, clock=OwnClock())
        network.add_node("ask", "tpl_http_request", {"url": server.url(), "retryCount": 1})
        await network.run(on_event=events.append)

    lines = [(event.level, event.text) for event in events if event.type == "ActorLogged"]
    assert lines == [("warning", "attempt 1 of 2 failed (status 502); again in 1 s")]


async def test_a_cancelled_run_lets_go_of_its_requests() -> None:
    asked = asyncio.Event()

    async def respond(_request: Request, _writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with serving(respond) as server, asyncio.timeout(10):
        network = Network(permissions=LOOPBACK)
        network.add_node("ask", "tpl_http_request", {"url": server.url()})
        running = asyncio.create_task(network.run())
        await asked.wait()
        begun = time.monotonic()
        network.cancel()
        result = await running

    assert (result.status, time.monotonic() - begun < 1) == ("cancelled", True)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, "config.url: is required"),
        ({"url": "ftp://x.example/"}, "only http and https are possible"),
        ({"url": "no address"}, "only http and https"),
        ({"url": 5}, "must be a web address"),
        ({"url": "http://u:hidden@[bad/"}, "names no host"),
        ({"url": "http://x.example/", "method": "FETCH"}, "'FETCH' is unknown"),
        ({"url": "http://x.example/", "method": "pots"}, "did you mean 'POST'?"),
        ({"url": "http://x.example/", "timeout": 0}, "must be at least 1"),
        ({"url": "http://x.example/", "headers": []}, "must be an object"),
        ({"url": "http://x.example/", "retryCount": -1}, "must be at least 0"),
    ],
)
def test_wrong_settings_are_refused(config: dict[str, Any], reason: str) -> None:
    actor = builtin().get("tpl_http_request")
    assert actor is not None

    with pytest.raises(ConfigError) as caught:
        build_config(actor.Config, config, node="n")

    assert reason in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("headers", [5, {"X": []}, {"a b": "c"}, {"a": "b\r\nc: d"}])
async def test_headers_that_are_none_are_an_error(headers: Any) -> None:
    async with serving(always(answer())) as server:
        outputs = await requested({"url": server.url()}, {"headers_in": [headers]})

    assert list(outputs) == ["error_out"]
    assert server.requests == []
