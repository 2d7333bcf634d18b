"""The production profile as it runs: web twice, worker, keeper, PostgreSQL, Redis, RabbitMQ."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.sync.client import connect

from engine.graph import Graph
from tests.e2e.server import wait_for
from tests.production.site import LEASE_SECONDS

if TYPE_CHECKING:
    from tests.production.servers import Postgresql, RabbitMQ
    from tests.production.site import Site

pytestmark = [pytest.mark.production, pytest.mark.timeout(240)]

HINT_TIMEOUT_SECONDS = 0.5  # the default
STARTS_AGAIN_SECONDS = 30.0  # promised after the broker's return


def delay(milliseconds: int) -> dict[str, Any]:
    """A graph whose run takes so long."""
    graph = Graph("wait")
    graph.add_node("wait", "tpl_delay", {"delayMs": milliseconds})
    graph.add_initial("wait", "input", 1)
    return graph.to_dict()


def test_a_run_that_one_web_process_started_is_seen_on_the_socket_of_the_other(site: Site) -> None:
    token = {"Authorization": f"Bearer {site.token}"}
    with connect(f"ws://127.0.0.1:{site.ports[1]}/ws", additional_headers=token) as socket:
        execution_id = site.start_run(delay(1_000))
        socket.send(json.dumps({"type": "subscribe_workflow", "execution_id": execution_id}))
        frames = [json.loads(socket.recv(timeout=30))]
        while frames[-1]["type"] != "execution_finished":
            frames.append(json.loads(socket.recv(timeout=30)))

    events = [frame["event"] for frame in frames if frame["type"] == "network_event"]
    assert frames[-1]["status"] == "completed"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["_type"], events[-1]["_type"]) == ("NetworkStarted", "Completed")


def test_a_cancel_over_the_other_web_process_ends_a_run(site: Site) -> None:
    execution_id = site.start_run(delay(60_000))
    site.wait_until(execution_id, "running")

    with site.client(web=1) as client:
        answer = client.post(f"/workflows/{execution_id}/cancel")
    site.wait_until(execution_id, "cancelled", seconds=10)

    assert answer.status_code == 200
    assert site.events(execution_id)[-1]["type"] == "Cancelled"


def test_a_run_whose_worker_is_killed_goes_on_in_the_next_worker(site: Site) -> None:
    execution_id = site.start_run(delay(LEASE_SECONDS * 1_000))
    site.wait_until(execution_id, "running")

    site.worker.kill()
    site.start_worker()
    site.wait_until(execution_id, "completed")

    types = [event["type"] for event in site.events(execution_id)]
    assert types.count("Requeued") == 1
    assert types[-1] == "Completed"


def test_while_the_broker_is_dead_runs_end_and_queued_ones_start_after_it_lost_its_data(
    site: Site, broker: RabbitMQ
) -> None:
    under_way = site.start_run(delay(4_000))
    site.wait_until(under_way, "running")

    broker.kill()
    broker.wipe()
    queued = [site.start_run(delay(1)) for _ in range(3)]
    site.wait_until(under_way, "completed")
    broker.start()
    back_at = time.monotonic()
    if not site.worker.runs:  # as its process manager would
        site.start_worker()
    for execution_id in queued:
        site.wait_until(execution_id, "completed")

    assert time.monotonic() - back_at < STARTS_AGAIN_SECONDS


def test_a_broker_that_hangs_holds_up_no_start(site: Site, broker: RabbitMQ) -> None:
    broker.signal(signal.SIGSTOP)
    try:
        started_at = time.monotonic()
        execution_id = site.start_run(delay(1))
        took = time.monotonic() - started_at
    finally:
        broker.signal(signal.SIGCONT)
    site.wait_until(execution_id, "completed")

    assert took < HINT_TIMEOUT_SECONDS + 2


def test_while_the_database_is_away_both_web_processes_say_so_and_recover(
    site: Site, database: Postgresql
) -> None:
    execution_id = site.start_run(delay(1))
    site.wait_until(execution_id, "completed")

    database.stop()
    meanwhile = [answers(site, web, execution_id) for web in (0, 1)]
    database.start()
    wait_for(lambda: [answers(site, web, execution_id) for web in (0, 1)] == [OK, OK], 30)
    next_one = site.start_run(delay(1))
    site.wait_until(next_one, "completed")

    assert meanwhile == [AWAY, AWAY]


# A run's answer and code, whether it may be started, and the two probes.
AWAY = (503, "unavailable", 503, 503, 200)
OK = (200, "", 200, 200, 200)


def answers(site: Site, web: int, execution_id: str) -> tuple[int, str, int, int, int]:
    with site.client(web) as client:
        read = client.get(f"/api/v1/executions/{execution_id}")
        started = client.post("/workflows", json={"graph_json": delay(1), "input": {}})
        ready, live = (client.get(path).status_code for path in ("/readyz", "/healthz"))
    code = "" if read.status_code == httpx.codes.OK else str(read.json()["code"])
    return read.status_code, code, started.status_code, ready, live
