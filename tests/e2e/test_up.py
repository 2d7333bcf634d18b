from __future__ import annotations

import io
import json
import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.sync.client import connect

from engine.graph import Graph
from reflow_site.supervisor.broker import broker_spec, find_server, prepare
from reflow_site.supervisor.children import Child
from reflow_site.supervisor.output import Output
from tests.e2e.server import descendants, is_running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.sync.connection import Connection

    from tests.e2e.server import Start

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

LEASE_SECONDS = 3.0


def delay(milliseconds: int) -> dict[str, Any]:
    """A graph whose run takes so long."""
    graph = Graph("wait")
    graph.add_node("wait", "tpl_delay", {"delayMs": milliseconds})
    graph.add_initial("wait", "input", 1)
    return graph.to_dict()


def frames_to_the_end(socket: Connection) -> list[dict[str, Any]]:
    frames = [json.loads(socket.recv(timeout=30))]
    while frames[-1]["type"] != "execution_finished":
        frames.append(json.loads(socket.recv(timeout=30)))
    return frames


def test_the_first_start_shows_a_newcomer_the_whole_path_and_ctrl_c_ends_it(start: Start) -> None:
    server = start("--workers", "1", measured=True)
    server.wait_until_it_says("Look at it:")

    with server.client() as client:
        health = client.get("/health").json()
        page = re.search(r"Look at it: http://[^/]+(/admin/workflows/execution/\S+)", server.said)
        assert page
        shown = client.get(page[1])
    doctor = server.command("doctor", "--json")
    second = server.command("up", "--port", "1")
    below = descendants(server.process.pid)
    code = server.end()

    assert (health["success"], health["data"]) == (True, "Server is healthy")
    assert "completed " in server.said
    assert re.search(r"healthy after \d+\.\d s", server.said)
    assert server.credentials.password in server.said
    assert (server.folder / "credentials.env").stat().st_mode & 0o777 == 0o600
    assert shown.status_code in (200, 302)  # to the login: a token opens no admin page
    assert doctor.returncode == 0, doctor.stdout
    assert second.returncode == 1
    assert f"Reflow already runs in {server.folder} at {server.url}" in second.stderr
    assert code == 0
    endings = re.findall(r"^up     \| (\w+) has ended$", server.said, flags=re.MULTILINE)
    assert endings == ["web", "worker", "keeper", "beat", "broker"]
    assert [pid for pid in below if is_running(pid)] == []


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A server of the operator's own."""
    file = tmp_path / "own.sock"
    prepare(file, tmp_path / "own")
    child = Child(broker_spec(find_server(), file, tmp_path / "own"), Output(io.StringIO()))
    child.start()
    yield f"unix://{file}"
    child.kill()


def test_the_second_start_prints_no_secret_and_uses_the_servers_that_are_given(
    start: Start, redis_url: str
) -> None:
    first = start("--workers", "1")
    first.wait_until_it_says("Look at it:")
    first.end()
    second = start("--workers", "1", ASGI_SERVER="uvicorn", REDIS_URL=redis_url)
    second.wait_until_it_says("Reflow is healthy")
    execution_id = second.start_run(delay(1))
    wait_for(lambda: second.status(execution_id) == "completed", 60)
    below = " ".join(descendants(second.process.pid).values())

    second.end()

    assert "uvicorn" in below
    assert "valkey-server" not in below
    assert "orders example" not in second.said
    assert second.credentials == first.credentials
    assert second.credentials.password not in second.said
    assert second.credentials.token not in second.said


def test_a_run_whose_worker_is_killed_goes_on_with_the_next_worker(start: Start) -> None:
    server = start("--workers", "1", "--no-examples", LEASE_SECONDS=str(LEASE_SECONDS))
    server.wait_until_it_says("Reflow is healthy")
    execution_id = server.start_run(delay(4_000))
    wait_for(lambda: server.status(execution_id) == "running", 60)

    os.kill(server.child("celery --quiet -A reflow_site worker"), signal.SIGKILL)
    wait_for(lambda: server.status(execution_id) == "completed", 60)

    with server.client() as client:
        run = client.get(f"/api/v1/executions/{execution_id}").json()
        events = client.get(f"/api/v1/executions/{execution_id}/events").json()["results"]
    assert (run["status"], run["error_code"]) == ("completed", "")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("Requeued") == 1
    assert events[-1]["type"] == "Completed"
    assert "worker was ended by SIGKILL; starts again in" in server.said


def test_where_no_attempt_may_be_lost_a_killed_run_fails_at_once(start: Start) -> None:
    server = start(
        "--workers", "1", "--no-examples", LEASE_SECONDS=str(LEASE_SECONDS), LOST_ATTEMPTS="0"
    )
    server.wait_until_it_says("Reflow is healthy")
    server.wait_until_it_says("the keeper ")  # which takes its time on a busy machine
    execution_id = server.start_run(delay(60_000))
    wait_for(lambda: server.status(execution_id) == "running", 60)
    token = {"Authorization": f"Bearer {server.credentials.token}"}
    with connect(f"ws://127.0.0.1:{server.port}/ws", additional_headers=token) as socket:
        socket.send(json.dumps({"type": "subscribe_workflow", "execution_id": execution_id}))
        socket.recv(timeout=30)

        killed_at = time.monotonic()
        os.kill(server.child("celery --quiet -A reflow_site worker"), signal.SIGKILL)
        frames = frames_to_the_end(socket)
        took = time.monotonic() - killed_at

    events = [frame["event"] for frame in frames if frame["type"] == "network_event"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["_type"] == "Failed"
    assert "was lost while it ran this" in events[-1]["error"]
    assert frames[-1]["status"] == "failed"
    assert took < LEASE_SECONDS + 2
    with server.client() as client:
        run = client.get(f"/api/v1/executions/{execution_id}").json()
    assert (run["status"], run["error_code"]) == ("failed", "worker_lost")
    next_one = server.start_run(delay(1))
    wait_for(lambda: server.status(next_one) == "completed", 60)
    assert "worker was ended by SIGKILL; starts again in" in server.said


def test_kill_9_of_the_supervisor_leaves_no_orphan(start: Start) -> None:
    server = start("--workers", "2", "--no-examples")
    server.wait_until_it_says("Reflow is healthy")
    wait_for(lambda: len(descendants(server.process.pid)) == 7, 60)
    execution_id = server.start_run(delay(60_000))
    wait_for(lambda: server.status(execution_id) == "running", 60)
    below = descendants(server.process.pid)

    server.process.kill()

    wait_for(lambda: not any(is_running(pid) for pid in below), 5)
