"""The table of faults: what each hits, how often it is chosen, and how it is undone."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from celery import Celery
from redis import Redis, RedisError

from reflow_site.broker_socket import broker_socket
from tests.chaos.database import ERRORS
from tests.chaos.facts import Injected
from tests.chaos.processes import send
from tests.chaos.site import LEASE_SECONDS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.chaos.processes import Family
    from tests.chaos.site import Machine, Site

FROZEN_SECONDS = (LEASE_SECONDS + 1, LEASE_SECONDS + 3.5)  # so that another has the run by then
SLOW_SECONDS = 3.0
FULL_SECONDS = 3.0
JUMP_SECONDS = 6.0
TASK = "workflows.run_execution"
JUMPS = (-21_600, 21_600)  # six hours


@dataclass(frozen=True, slots=True)
class Hit:
    """What a fault did: the record of it, and how it ends, if it does not end by itself."""

    record: Injected
    undo: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """``strike`` answers None when there is nothing to hit now; ``weight`` is its share."""

    kind: str
    weight: int
    strike: Callable[[Site, random.Random], Hit | None]
    profiles: tuple[str, ...] = ("sqlite", "postgres", "rabbitmq")


def table(site: Site, only: tuple[str, ...] = ()) -> tuple[Fault, ...]:
    """The faults of this profile, on this machine."""
    return tuple(
        fault
        for fault in FAULTS
        if site.profile in fault.profiles
        and (fault.kind != "disk_full" or site.small_disk)
        and (not only or fault.kind in only)
    )


def _now(
    kind: str, pids: tuple[int, ...] = (), *, worker: str = "", lasts: float = 0.0
) -> Injected:
    at = time.time()
    return Injected(at, kind, worker, pids, at + lasts)


def _one(site: Site, chance: random.Random, role: str) -> Family | None:
    found = [one for machine in site.machines for one in machine.families(role)]
    return chance.choice(found) if found else None


def _owners(site: Site) -> list[tuple[str, int]]:
    """Processes that run something now, and their workers."""
    try:
        held = site.database.held()
    except ERRORS:
        return []
    return [(worker, pid) for _, worker, pid, _ in held if _exists(pid)]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_child(site: Site, chance: random.Random) -> Hit | None:
    """Kill -9 of a pool child in the middle of a run."""
    owners = _owners(site)
    if not owners:
        return None
    worker, pid = chance.choice(owners)
    send((pid,), signal.SIGKILL)
    return Hit(_now("worker_child", (pid,), worker=worker))


def freeze_child(site: Site, chance: random.Random) -> Hit | None:
    """A child that stands still for longer than its lease, and then goes on."""
    owners = _owners(site)
    if not owners:
        return None
    worker, pid = chance.choice(owners)
    return _freeze("freeze_child", (pid,), worker, chance.uniform(*FROZEN_SECONDS))


def _freeze(kind: str, pids: tuple[int, ...], worker: str, seconds: float) -> Hit:
    send(pids, signal.SIGSTOP)
    record = _now(kind, pids, worker=worker, lasts=seconds)
    return Hit(record, lambda: send(pids, signal.SIGCONT))


def killer(role: str) -> Callable[[Site, random.Random], Hit | None]:
    """Kill -9 of one process of a role; what it has started dies or is ended with it."""

    def strike(site: Site, chance: random.Random) -> Hit | None:
        one = _one(site, chance, role)
        if one is None:
            return None
        send((one.pid,), signal.SIGKILL)
        return Hit(_now(role, one.pids, worker=one.worker))

    return strike


def freezer(role: str, *seconds: float) -> Callable[[Site, random.Random], Hit | None]:
    """A process and its children stand still for a while."""

    def strike(site: Site, chance: random.Random) -> Hit | None:
        one = _one(site, chance, role)
        if one is None:
            return None
        lasts = chance.uniform(min(seconds), max(seconds))
        return _freeze(f"freeze_{role}", one.pids, one.worker, lasts)

    return strike


def deploy(site: Site, chance: random.Random) -> Hit | None:
    """SIGTERM, as at a rolling deploy: the worker ends its runs, and a new one is started."""
    one = _one(site, chance, "worker")
    if one is None:
        return None
    send((one.pid,), signal.SIGTERM)
    return Hit(_now("deploy", one.pids, worker=one.worker))


def kill_up(site: Site, chance: random.Random) -> Hit | None:
    """Kill -9 of the supervisor, and so of everything on its machine."""
    machine: Machine = chance.choice(site.machines)
    if machine.process is None or not machine.process.runs:
        return None
    workers = machine.families("worker")
    machine.process.process.kill()
    pids = tuple(pid for one in workers for pid in one.pids)
    return Hit(_now("up", pids, worker=workers[0].worker if workers else ""))


def kill_broker(site: Site, chance: random.Random) -> Hit | None:
    """Kill -9; the private broker keeps its data, a Redis of its own and RabbitMQ's node do not."""
    if site.profile == "sqlite":
        return killer("broker")(site, chance)
    return _server_dies(site, "broker", 0.0)


def wipe_broker(site: Site, chance: random.Random) -> Hit | None:
    """Dead for some seconds, and back without anything that it had."""
    seconds = chance.uniform(2, 6)
    if site.profile != "sqlite":
        return _server_dies(site, "broker_wiped", seconds)
    one = _one(site, chance, "broker")
    if one is None:
        return None
    site.hold_broker.touch()
    send((one.pid,), signal.SIGKILL)
    shutil.rmtree(site.machines[0].var / "broker" / "appendonlydir", ignore_errors=True)
    undo = lambda: site.hold_broker.unlink(missing_ok=True)  # noqa: E731 -- a value
    return Hit(_now("broker_wiped", one.pids, lasts=seconds), undo)


def _server_dies(site: Site, kind: str, seconds: float) -> Hit | None:
    name = "rabbit" if site.rabbit else "redis"
    if site.rabbit is not None:
        if not site.rabbit.process.runs:
            return None
        site.rabbit.kill()
        site.rabbit.wipe()
    elif site.redis is not None:
        if not site.redis.process.runs:
            return None
        site.redis.process.kill()
    site.held.add(name)
    return Hit(_now(kind, lasts=seconds), lambda: site.held.discard(name))


def redis_url(site: Site, scheme: str = "unix") -> str:
    """Of the server that the profile has, or of the private one."""
    if site.redis is not None:
        return site.redis.url
    return f"{scheme}://{broker_socket(site.machines[0].var)}"


def flush_broker(site: Site, _chance: random.Random) -> Hit | None:
    """All messages are gone, and nobody is told."""
    if site.rabbit is not None:
        return None
    with suppress(RedisError, OSError), Redis.from_url(redis_url(site), socket_timeout=1) as redis:
        redis.flushall()
        return Hit(_now("broker_flushed"))
    return None


def hang_broker(site: Site, chance: random.Random) -> Hit | None:
    """It takes connections and answers nothing."""
    if site.profile == "sqlite":
        return freezer("broker", SLOW_SECONDS)(site, chance)
    server = site.rabbit or site.redis
    if server is None or not server.process.runs:
        return None
    group = server.process.process.pid
    os.killpg(group, signal.SIGSTOP)
    record = _now("freeze_broker", (group,), lasts=SLOW_SECONDS)
    return Hit(record, lambda: _continue_group(group))


def _continue_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGCONT)


def repeat_hints(site: Site, chance: random.Random) -> Hit | None:
    """Messages come twice, late, for runs that are over, and for none that there ever was."""
    try:
        ids = [row[0] for row in site.database.read("SELECT id FROM workflows_execution")]
    except ERRORS:
        return None
    chosen = [*(str(UUID(str(one))) for one in chance.sample(ids, min(20, len(ids)))), "nonsense"]
    threading.Thread(target=_publish, args=(site, chosen * 2), daemon=True).start()
    return Hit(_now("hints_repeated"))


def _publish(site: Site, ids: list[str]) -> None:
    app = Celery(broker=site.rabbit.url if site.rabbit else redis_url(site, "redis+socket"))
    app.conf.task_default_queue = "reflow"
    app.conf.task_default_queue_type = "quorum" if site.rabbit else "classic"
    app.conf.broker_transport_options = {"socket_timeout": 2, "socket_connect_timeout": 2}
    with suppress(Exception), app.connection_for_write() as connection:  # it may be away
        for number, one in enumerate(ids):
            late = 3 * (number % 2)
            app.send_task(TASK, (one,), connection=connection, retry=False, countdown=late)


def restart_database(site: Site, chance: random.Random) -> Hit | None:
    """Fast, or as in a crash, or by the death of one of its own processes."""
    server = site.postgres
    if server is None or not server.process.runs:
        return None
    how = chance.choice(("fast", "crash", "backend"))
    if how == "backend":
        with suppress(*ERRORS):
            sql = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            pids = [pid for (pid,) in site.database.read(sql)]
            send((chance.choice(pids),), signal.SIGKILL)
    else:
        number = signal.SIGINT if how == "fast" else signal.SIGQUIT
        server.process.process.send_signal(number)
    return Hit(_now(f"database_{how}", lasts=2.0))


def slow_database(site: Site, _chance: random.Random) -> Hit | None:
    """Every write, and on PostgreSQL every read of runs, waits for some seconds."""
    threading.Thread(target=_hold_lock, args=(site,), daemon=True).start()
    return Hit(_now("slow_database", lasts=SLOW_SECONDS))


def _hold_lock(site: Site) -> None:
    with suppress(*ERRORS), closing(site.database.connect()) as connection:
        connection.execute("BEGIN" if site.postgres else "BEGIN IMMEDIATE")
        if site.postgres:
            connection.execute("LOCK TABLE workflows_execution IN ACCESS EXCLUSIVE MODE")
        time.sleep(SLOW_SECONDS)
        connection.execute("ROLLBACK")


def fill_disk(site: Site, _chance: random.Random) -> Hit | None:
    """The disk of the database, and on SQLite of the private broker, is full for some seconds."""
    file = site.disk / "ballast"
    if file.exists():
        return None
    free = shutil.disk_usage(site.disk).free
    with file.open("wb") as ballast, suppress(OSError):
        os.posix_fallocate(ballast.fileno(), 0, free)
    return Hit(_now("disk_full", lasts=FULL_SECONDS), lambda: file.unlink(missing_ok=True))


def jump_clock(site: Site, chance: random.Random) -> Hit | None:
    """The clocks of all processes of one machine go wrong by hours, and then right again."""
    machine: Machine = chance.choice(site.machines)
    if machine.clock.is_symlink():
        return None
    machine.clock.symlink_to(str(chance.choice(JUMPS)))
    undo = lambda: machine.clock.unlink(missing_ok=True)  # noqa: E731 -- a value
    return Hit(_now("clock", lasts=JUMP_SECONDS), undo)


FAULTS = (
    Fault("worker_child", 200, kill_child),
    Fault("worker", 55, killer("worker")),
    Fault("freeze_child", 30, freeze_child),
    Fault("freeze_worker", 10, freezer("worker", *FROZEN_SECONDS)),
    Fault("deploy", 16, deploy),
    Fault("up", 7, kill_up),
    Fault("web", 36, killer("web")),
    Fault("freeze_web", 8, freezer("web", SLOW_SECONDS)),
    Fault("keeper", 36, killer("keeper")),
    Fault("freeze_keeper", 8, freezer("keeper", *FROZEN_SECONDS)),
    Fault("beat", 4, killer("beat")),
    Fault("broker", 20, kill_broker),
    Fault("broker_wiped", 14, wipe_broker),
    Fault("broker_flushed", 10, flush_broker, ("sqlite", "postgres")),
    Fault("freeze_broker", 8, hang_broker),
    Fault("hints_repeated", 24, repeat_hints),
    Fault("database", 24, restart_database, ("postgres", "rabbitmq")),
    Fault("slow_database", 12, slow_database),
    Fault("disk_full", 5, fill_disk),
    Fault("clock", 14, jump_clock),
)
