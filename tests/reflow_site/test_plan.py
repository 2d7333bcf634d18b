from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reflow_site.supervisor.address import Address
from reflow_site.supervisor.plan import SILENCED, Plan, default_workers, specs

PLAN = Plan(Address("127.0.0.1", 9000), 3, True, "daphne", Path("/var/flow"), 5000)


def commands(plan: Plan) -> dict[str, str]:
    return {spec.name: " ".join(spec.command) for spec in specs(plan)}


def test_the_children_end_in_their_order_and_the_worker_may_take_its_time() -> None:
    children = [(spec.name, spec.patience, spec.ends_last) for spec in specs(PLAN)]

    assert children == [
        ("web", 10.0, False),
        ("worker", 40.0, False),
        ("keeper", 10.0, False),
        ("beat", 10.0, False),
    ]


def test_each_child_is_run_by_this_interpreter() -> None:
    python = sys.executable
    worker = (
        f"{python} -m celery --quiet -A reflow_site worker --concurrency 3 --hostname up-a84537@%h"
        " --without-gossip --without-mingle --without-heartbeat --loglevel WARNING"
    )

    assert commands(PLAN) == {
        "web": (
            f"{python} -m reflow_site.bounded_daphne -b 127.0.0.1 -p 9000 -v 0"
            " --websocket-max-message-size 5000 --websocket-max-frame-size 5000 --ping-interval 20"
            " reflow_site.asgi:application"
        ),
        "worker": worker,
        "keeper": f"{python} manage.py keeper",
        "beat": f"{python} -m celery --quiet -A reflow_site beat --pidfile= --loglevel WARNING",
    }


def test_sync_runs_where_there_is_a_zeal() -> None:
    names = [spec.name for spec in specs(replace(PLAN, zeal=True))]

    assert names == ["web", "worker", "keeper", "beat", "sync"]
    assert commands(replace(PLAN, zeal=True))["sync"] == f"{sys.executable} manage.py sync"


def test_uvicorn_serves_where_it_is_asked_for() -> None:
    web = commands(replace(PLAN, asgi_server="uvicorn"))["web"]

    assert web == (
        f"{sys.executable} -m uvicorn --host 127.0.0.1 --port 9000 --log-level warning"
        " --no-access-log --lifespan off --ws-max-size 5000 --ws-ping-interval 20"
        " reflow_site.asgi:application"
    )


def test_an_operators_own_filter_of_warnings_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    ours = specs(PLAN)[0].environment
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    theirs = specs(PLAN)[0].environment

    assert (ours["PYTHONWARNINGS"], theirs["PYTHONWARNINGS"]) == (SILENCED, "error")


@pytest.mark.parametrize(("cores", "workers"), [(None, 4), (1, 4), (2, 4), (8, 16)])
def test_there_are_four_workers_or_two_for_each_core(
    cores: int | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    assert default_workers() == workers


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_the_web_server_pings_its_sockets(server: str) -> None:
    web = commands(replace(PLAN, asgi_server=server, ping_seconds=7))["web"]

    assert "ping-interval 7" in web
