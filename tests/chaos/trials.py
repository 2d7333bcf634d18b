"""Single faults on a calm site, timed against what docs/operations.md allows."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

from tests.chaos.database import ERRORS
from tests.chaos.facts import TERMINAL, Accepted, Injected, Trial
from tests.chaos.faults import FAULTS, Fault, Hit
from tests.chaos.processes import send
from tests.chaos.site import LEASE_SECONDS

if TYPE_CHECKING:
    from tests.chaos.experiment import Experiment
    from tests.chaos.site import Site
    from tests.chaos.workflows import Kind

NOTICED_SECONDS = 2.0  # after the lease
STARTS_AGAIN_SECONDS = 30.0  # after the broker's return
PATIENCE_SECONDS = 60.0
DEAD_SECONDS = 6.0
BY_KIND = {fault.kind: fault for fault in FAULTS}


def trials(experiment: Experiment, count: int) -> list[Trial]:
    """So many deaths of a worker, and one loss of the broker with all of its data."""
    found = []
    for number in range(count):
        for kind in ("worker", "worker_child"):
            trial = _worker_dies(experiment, kind, f"trial-{kind}-{number}")
            if trial:
                found.append(trial)
    return [*found, *_broker_is_lost(experiment)] if count else []


def _worker_dies(experiment: Experiment, kind: str, name: str) -> Trial | None:
    """From the kill to the next attempt of the run that was under way."""
    _start(experiment, "order", name)
    if not experiment.until(lambda: _attempt(experiment, name) == (1, "running"), PATIENCE_SECONDS):
        return Trial(f"{name} starts", PATIENCE_SECONDS, LEASE_SECONDS)
    owner = next(row for row in experiment.site.database.held() if row[0] == name)
    fault = Fault(kind, 1, lambda site, _chance: _kill(site, kind, owner))
    struck = experiment.strike(fault, random.Random(0))  # noqa: S311 -- nothing is chosen
    if struck is None:  # its run was over a moment before
        return None
    experiment.until(lambda: _attempt(experiment, name)[0] > 1, PATIENCE_SECONDS)
    seconds = time.time() - struck.at
    experiment.until(lambda: _attempt(experiment, name)[1] in TERMINAL, PATIENCE_SECONDS)
    experiment.until(experiment.site.is_whole, PATIENCE_SECONDS)
    return Trial(
        f"a run goes on after kill -9 of its {kind}", seconds, LEASE_SECONDS + NOTICED_SECONDS
    )


def _kill(site: Site, kind: str, owner: tuple[str, str, int, int]) -> Hit | None:
    """The child that runs it, or the whole worker."""
    _, name, pid, _ = owner
    workers = [one for machine in site.machines for one in machine.families("worker")]
    found = next((one for one in workers if one.worker == name), None)
    if found is None:
        return None
    pids = (pid,) if kind == "worker_child" else (found.pid,)
    send(pids, signal.SIGKILL)
    at = time.time()
    return Hit(Injected(at, kind, name, pids, at))


def _broker_is_lost(experiment: Experiment) -> list[Trial]:
    """Runs under way end without it, starts are accepted, and what is queued starts after it."""
    _start(experiment, "order", "trial-under-way")
    experiment.until(lambda: _attempt(experiment, "trial-under-way")[0] == 1, PATIENCE_SECONDS)
    lost = experiment.strike(BY_KIND["broker_wiped"], random.Random(0))  # noqa: S311
    if lost is None:
        return [Trial("the broker is wiped", PATIENCE_SECONDS, 0)]
    names = [f"trial-queued-{number}" for number in range(6)]
    slowest = max(_start(experiment, "short", name) for name in names)
    experiment.until(lambda: _attempt(experiment, "trial-under-way")[1] in TERMINAL, DEAD_SECONDS)
    ended = time.time() - lost.at
    experiment.until(lambda: time.time() > lost.until, DEAD_SECONDS + 1)
    back = time.time()
    experiment.until(
        lambda: all(_attempt(experiment, name)[1] in TERMINAL for name in names), PATIENCE_SECONDS
    )
    return [
        Trial("a start is accepted while the broker is dead", slowest, 2.0),
        Trial("a run under way ends while the broker is dead", ended, DEAD_SECONDS),
        Trial(
            "queued runs end after the broker's return without data",
            time.time() - back,
            STARTS_AGAIN_SECONDS,
        ),
    ]


def _start(experiment: Experiment, kind: str, name: str) -> float:
    """Start a run, and say how many seconds it took to be accepted."""
    chosen: Kind = next(one for one in experiment.kinds if one.name == kind)
    started = time.time()
    body = {
        "graph_json": chosen.graph.to_dict(),
        "input": chosen.given(name),
        "metadata": {"execution_id": name},
    }
    with experiment.site.client() as client:
        answer = client.post("/workflows", json=body)
    if answer.status_code == 200:
        experiment.load.accepted.append(Accepted(name, kind, time.time()))
    else:
        experiment.load.refused.append(f"{answer.status_code} {answer.text[:200]}")
    return time.time() - started


def _attempt(experiment: Experiment, name: str) -> tuple[int, str]:
    sql = f"SELECT attempt, status FROM workflows_execution WHERE execution_id = '{name}'"  # noqa: S608
    try:
        rows = experiment.site.database.read(sql)
    except ERRORS:
        return 0, ""
    return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")
