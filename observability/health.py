"""What works and what does not, measured: for ``/health``, ``/readyz`` and ``manage.py doctor``."""

from __future__ import annotations

import shutil
import socket
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Sum
from django.db.models.functions import Now
from kombu.exceptions import KombuError
from redis import Redis, RedisError

from engine.errors import ConfigError, ProblemsError
from observability.zeal.config import zeal_config
from observability.zeal.report import standing
from observability.zeal.status import look_at
from workflows.models import KeeperLease
from workflows.recovery import KEEPER
from workflows.surroundings import limits, registry
from workflows.workers import live_workers, quarantined_workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from observability.zeal.config import ZealConfig

TIMEOUT_SECONDS = 2.0
HEADLESS = "headless: ZEAL_URL is empty"
PROBE = "probe"  # the row that is written to see whether one can be
MIB = 1024**2


class BrokenError(Exception):
    """A part does not work; the text says how, without any password."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the server, as it was found just now."""

    name: str
    works: bool
    needed: bool  # nothing is right without it
    found: str
    duration_ms: float


def engine() -> str:
    try:
        registered, bounds = registry(), limits()
    except ProblemsError as error:
        raise BrokenError(str(error)) from error
    return f"{len(registered)} components, up to {bounds.max_nodes} nodes in a graph"


def database() -> str:
    try:
        plan = MigrationExecutor(connection)
        steps = plan.migration_plan(plan.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise BrokenError(f"{connection.vendor} does not answer: {error}") from error
    if steps:
        raise BrokenError(f"{connection.vendor} lacks {len(steps)} migrations: manage.py migrate")
    try:
        KeeperLease.objects.update_or_create(
            name=PROBE, defaults={"holder": socket.gethostname()[:100], "until": Now()}
        )
    except DatabaseError as error:
        raise BrokenError(f"{connection.vendor} takes no writes: {error}") from error
    return connection.vendor


def disk() -> str:
    """The disks of what we write ourselves; that of PostgreSQL is its server's."""
    folders = {Path(settings.VAR_DIR)}
    if connection.vendor == "sqlite":
        folders.add(Path(settings.DATABASES["default"]["NAME"]).resolve().parent)
    free = {folder: shutil.disk_usage(folder).free for folder in folders}
    full = [folder for folder, size in free.items() if size < settings.DISK_FREE_BYTES]
    said = ", ".join(f"{size // MIB} MiB free in {folder}" for folder, size in free.items())
    if full:
        raise BrokenError(f"{said}, below {settings.DISK_FREE_BYTES // MIB} (DISK_FREE_BYTES)")
    return said


def broker() -> str:
    options = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    with current_app.connection_for_write(
        connect_timeout=TIMEOUT_SECONDS, transport_options=options
    ) as link:
        address = str(link.as_uri())  # without the password
        try:
            link.ensure_connection(max_retries=1, timeout=int(TIMEOUT_SECONDS), interval_start=0)
        except (OSError, KombuError) as error:
            raise BrokenError(f"{address} does not answer") from error
        return address


def channel_layer() -> str:
    backend = str(settings.CHANNEL_LAYERS["default"]["BACKEND"]).rpartition(".")[2]
    if "Redis" not in backend:
        return backend
    options = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    try:
        with Redis.from_url(settings.REDIS_URL, **options) as client:
            client.ping()
    except RedisError as error:
        raise BrokenError("the Redis or Valkey server does not answer") from error
    return backend


def workers() -> str:
    alive = live_workers()
    slots = alive.aggregate(total=Sum("slots"))["total"]
    sick = ", ".join(quarantined_workers().values_list("name", flat=True))
    resting = f"; in quarantine after three lost runs: {sick}" if sick else ""
    if not slots and sick:
        raise BrokenError(f"no worker takes runs{resting}")
    if not slots:
        raise BrokenError("no worker gave a sign of life lately; runs wait")
    return f"{alive.count()} with room for {slots} runs{resting}"


def keeper() -> str:
    lease = KeeperLease.objects.filter(name=KEEPER, until__gt=Now()).first()
    if lease is None:
        raise BrokenError("no keeper holds the lease; lost runs are not found")
    return lease.holder


def zeal() -> str:
    config = _configured_zeal()
    if config is None:
        return HEADLESS
    seen = look_at(replace(config, handshake=min(config.handshake, TIMEOUT_SECONDS)))
    if not seen.reachable:
        raise BrokenError(seen.told)
    return seen.told


def zeal_sync() -> str:
    config = _configured_zeal()
    if config is None:
        return HEADLESS
    found = standing(config)
    if not found.works:
        raise BrokenError(found.told)
    return found.told


def _configured_zeal() -> ZealConfig | None:
    try:
        return zeal_config()
    except ConfigError as error:
        raise BrokenError(str(error)) from error


PARTS: dict[str, tuple[Callable[[], str], bool]] = {
    "engine": (engine, True),
    "database": (database, True),
    "disk": (disk, True),
    "broker": (broker, True),
    "channel layer": (channel_layer, True),
    "workers": (workers, False),
    "keeper": (keeper, False),
    "zeal": (zeal, False),
    "zeal sync": (zeal_sync, False),
}


def measure(name: str) -> Check:
    """Try one part, once."""
    part, needed = PARTS[name]
    started = time.perf_counter()
    try:
        works, found = True, part()
    except (BrokenError, DatabaseError) as error:
        works, found = False, str(error)
    return Check(name, works, needed, found, round((time.perf_counter() - started) * 1000, 1))


def measure_all() -> list[Check]:
    return [measure(name) for name in PARTS]


def is_ready(checks: list[Check]) -> bool:
    return all(check.works for check in checks if check.needed)


def as_dicts(checks: list[Check]) -> list[dict[str, Any]]:
    return [asdict(check) for check in checks]
