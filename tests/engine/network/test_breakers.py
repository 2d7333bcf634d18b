"""Circuit breakers: their table of states, who shares one, and what counts as a failure."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from engine import Network, builtin
from engine.breaker import (
    ALLOWED,
    PROBE_SECONDS,
    Breaker,
    BreakerKey,
    BreakerKind,
    BreakerState,
    CircuitOpenError,
    MemoryBreakers,
    Move,
    Permit,
)
from engine.components.integration.http_settings import service_of
from engine.events import BreakerChanged
from engine.permissions import Permissions
from engine.policy import BreakerPolicy
from tests.engine.fakes import FakeClock
from tests.engine.web import always, answer, serving

LOOPBACK = Permissions(network=True, private_hosts=frozenset({"127.0.0.1"}))
POLICY = BreakerPolicy(failures=2, reset_ms=1000, probes=2)


def call(breaker: Breaker, *, good: bool) -> Move | None:
    permit = breaker.enter(POLICY)
    return breaker.succeeded(POLICY, permit) if good else breaker.failed(POLICY, permit)


def opened(clock: FakeClock) -> Breaker:
    breaker = Breaker("b", clock.monotonic)
    call(breaker, good=False)
    call(breaker, good=False)
    return breaker


def test_the_breaker_moves_as_its_table_says() -> None:
    clock = FakeClock()
    breaker = Breaker("b", clock.monotonic)

    call(breaker, good=False)
    call(breaker, good=True)  # in a row is what counts
    call(breaker, good=False)
    assert breaker.state is BreakerState.CLOSED
    assert call(breaker, good=False) == ("closed", "open")
    with pytest.raises(CircuitOpenError, match=r"open for another 1\.0 s"):
        breaker.enter(POLICY)
    clock.time += 1
    first, second = breaker.enter(POLICY), breaker.enter(POLICY)
    with pytest.raises(CircuitOpenError, match="waits for its probe"):
        breaker.enter(POLICY)
    moves = [first.moved, second.moved]
    moves += [breaker.succeeded(POLICY, permit) for permit in (first, second)]

    assert moves == [("open", "half_open"), None, None, ("half_open", "closed")]


def test_the_breaker_table_has_no_other_arrow() -> None:
    arrows = {(old, new) for old, news in ALLOWED.items() for new in news}

    assert arrows == {
        (old, new)
        for old, new in product(BreakerState, BreakerState)
        if old != new and (old, new) not in {("closed", "half_open"), ("open", "closed")}
    }


@pytest.mark.parametrize("good", [True, False])
def test_an_answer_to_a_call_from_before_it_opened_is_no_probe(*, good: bool) -> None:
    clock = FakeClock()
    breaker = Breaker("b", clock.monotonic)
    late = breaker.enter(POLICY)
    call(breaker, good=False)
    call(breaker, good=False)
    clock.time += 1
    probe = breaker.enter(POLICY)

    moved = breaker.succeeded(POLICY, late) if good else breaker.failed(POLICY, late)

    assert (moved, breaker.state, breaker.successes) == (None, "half_open", 0)
    assert breaker.failed(POLICY, probe) == ("half_open", "open")


def test_a_probe_that_says_nothing_leaves_its_place_to_another() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.time += 1
    probes = [breaker.enter(POLICY) for _ in range(2)]

    breaker.dropped(probes[0])
    again = breaker.enter(POLICY)

    assert again == Permit(probes[0].generation, BreakerState.HALF_OPEN)
    with pytest.raises(CircuitOpenError):
        breaker.enter(POLICY)


def test_probes_without_an_answer_are_lost_after_a_time() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.time += 1
    lost = [breaker.enter(POLICY) for _ in range(2)]

    clock.time += PROBE_SECONDS
    others = [breaker.enter(POLICY) for _ in range(2)]

    assert breaker.failed(POLICY, lost[0]) is None
    assert [breaker.succeeded(POLICY, permit) for permit in others] == [
        None,
        ("half_open", "closed"),
    ]


class Recorder(MemoryBreakers):
    """Breakers of another keeper than the run, who notes which are asked for."""

    def __init__(self) -> None:
        super().__init__(FakeClock().monotonic)
        self.asked: list[BreakerKey] = []

    async def enter(self, key: BreakerKey, policy: BreakerPolicy) -> Permit:
        self.asked.append(key)
        return await super().enter(key, policy)


def requests(url: str, *breakers: dict[str, Any], shared: MemoryBreakers | None = None) -> Network:
    """A node for each breaker, that requests the address at once."""
    network = Network(registry=builtin(), permissions=LOOPBACK, breakers=shared)
    for number, breaker in enumerate(breakers):
        config = {"url": url, "policy": {"breaker": breaker}}
        network.add_node(f"n{number}", "tpl_http_request", config)
    return network


async def test_named_breakers_and_those_of_services_are_kept_outside_the_run() -> None:
    shared = Recorder()
    async with serving(always(answer())) as server:
        network = requests(server.url(), {}, {"name": "n"}, {"scope": "service"}, shared=shared)
        await network.run()

    assert shared.asked == [
        BreakerKey(BreakerKind.NAME, "n"),
        BreakerKey(BreakerKind.SERVICE, f"127.0.0.1:{server.port}"),
    ]


async def test_nodes_that_call_one_service_share_its_breaker() -> None:
    async with serving(always(answer(status="503 Busy"))) as server:
        breaker = {"scope": "service", "failures": 1}
        network = requests(server.url(), breaker)
        network.add_node("later", "tpl_http_request", network.graph.nodes["n0"].metadata)
        network.add_connection("n0", "status", "later", "data_in")
        moves = network.subscribe([BreakerChanged])

        result = await network.run()
        told = [(event.breaker, event.old, event.new) async for event in moves]

    name = f"127.0.0.1:{server.port}"
    assert len(server.requests) == 1
    assert result.error == f"later: the circuit breaker '{name}' is open for another 30.0 s"
    assert told == [(name, "closed", "open")]


async def test_an_error_that_is_not_the_services_does_not_open_its_breaker() -> None:
    shared = MemoryBreakers(FakeClock().monotonic)
    network = requests("http://127.0.0.2:9/", {"scope": "service", "failures": 1}, shared=shared)

    result = await network.run()
    permit = await shared.enter(BreakerKey(BreakerKind.SERVICE, "127.0.0.2:9"), POLICY)

    assert [item.code for item in result.errors] == ["permission_denied"]
    assert permit.state is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://Api.Example.com/a?b", "api.example.com:443"),
        ("http://api.example.com", "api.example.com:80"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_a_service_is_its_host_and_port(url: str, service: str) -> None:
    assert service_of(url) == service


async def test_a_request_that_fails_is_tried_again_and_replaced_by_its_policy() -> None:
    policy = {
        "retry": {"attempts": 3, "delayMs": 0},
        "fallback": {"port": "body", "value": "none"},
    }
    network = Network(registry=builtin(), permissions=LOOPBACK)
    network.add_node("n", "tpl_http_request", {"url": "http://127.0.0.1:1/", "policy": policy})
    network.add_outport("out", "n", "body")
    retried = network.subscribe()

    result = await network.run()
    types = [type(event).__name__ async for event in retried]

    assert result.outputs == {"out": ["none"]}
    assert types.count("ActorRetried") == 2
