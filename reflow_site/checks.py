"""System checks of the settings; each id is stable, and each hint says what to change."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from engine.config import load_config
from engine.errors import ConfigError, RegistrationError
from engine.registry import discover
from observability.zeal.config import zeal_config
from reflow_site.limits import LIMITS, MOST_NODES, exceeded
from reflow_site.storage import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

POSITIVE = (
    "LEASE_SECONDS",
    "KILL_SECONDS",
    "HINT_TIMEOUT_SECONDS",
    "EVENT_POLL_SECONDS",
    "RETENTION_EVERY_SECONDS",
    "RETENTION_SECONDS",
    *(limit.setting for limit in LIMITS if limit.least is None),
    "ZEAL_TIMEOUT_SECONDS",
    "ZEAL_HANDSHAKE_SECONDS",
    "ZEAL_TEMPLATE_CHUNK",
    "ZEAL_PREVIEW_CHARACTERS",
    "ZEAL_BRIDGES",
    "ZEAL_BACKLOG_DAYS",
    "ZEAL_BACKLOG_EVENTS",
)
NOT_NEGATIVE = (
    "PAUSE_HOLD_SECONDS",
    "DRAIN_SECONDS",
    "RETENTION_EXECUTIONS_DAYS",
    "RETENTION_RUNS_PER_WORKFLOW",
    "RETENTION_EVENTS_DAYS",
    "RETENTION_PAYLOADS_DAYS",
    "PAYLOAD_INLINE_BYTES",
    *(limit.setting for limit in LIMITS if limit.least == 0),
)
SHORTEST_LEASE_SECONDS = 3
ASGI_SERVERS = ("daphne", "uvicorn")
BROKERS = ("redis://", "rediss://", "redis+socket://", "sentinel://", "amqp://", "amqps://")


@register(Tags.compatibility)
def settings_are_sound(**_kwargs: Any) -> list[CheckMessage]:
    return [
        *_numbers(),
        *_caps(),
        *_web(),
        *_broker(),
        *_engine(),
        *_actors(),
        *_zeal(),
        *_safety(),
        *_storage(),
    ]


def _numbers() -> Iterator[CheckMessage]:
    for name in POSITIVE:
        value = getattr(settings, name)
        if value <= 0:
            yield Error(f"{name} is {value}", hint="Give a number above 0.", id="reflow.E001")
    if 0 < settings.LEASE_SECONDS < SHORTEST_LEASE_SECONDS:
        yield Error(
            f"LEASE_SECONDS is {settings.LEASE_SECONDS:g}",
            hint=f"Give at least {SHORTEST_LEASE_SECONDS}: a busy worker renews it late.",
            id="reflow.E002",
        )
    for name in NOT_NEGATIVE:
        value = getattr(settings, name)
        if value < 0:
            yield Error(f"{name} is {value}", hint="Give 0 or more.", id="reflow.E001")


def _caps() -> Iterator[CheckMessage]:
    for limit, value in exceeded(settings):
        yield Error(
            f"{limit.setting} is {value:g}, above its hard cap of {limit.most:,.0f}",
            hint=f"Give at most {limit.most:.0f}: {limit.what}.",
            id="reflow.E009",
        )


def _web() -> Iterator[CheckMessage]:
    name = settings.ASGI_SERVER
    if name not in ASGI_SERVERS:
        hint = f"Use one of {', '.join(ASGI_SERVERS)}"
        yield Error(f"ASGI_SERVER names {name!r}", hint=hint, id="reflow.E008")
    elif find_spec(name) is None:
        yield Error(
            f"ASGI_SERVER names {name}, which is not installed",
            hint=f"Install it: .venv/bin/python -m uv pip install -e '.[{name}]'",
            id="reflow.E008",
        )


def _broker() -> Iterator[CheckMessage]:
    if not settings.BROKER_URL.startswith(BROKERS):
        yield Error(
            "BROKER_URL is of a kind that cannot carry hints",
            hint=f"Use one of {', '.join(BROKERS)}",
            id="reflow.E003",
        )


def _engine() -> Iterator[CheckMessage]:
    file = settings.REFLOW_CONFIG
    if "REFLOW_CONFIG" in os.environ and not file.exists():
        yield Error(f"REFLOW_CONFIG names {file}, which is not there", id="reflow.E004")
        return
    try:
        config = load_config(file if file.exists() else None, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            yield Error(f"{file.name}: {problem}", id="reflow.E005")
        return
    nodes = config.actor_system.max_actors_per_node
    if nodes > MOST_NODES:
        yield Error(
            f"max_actors_per_node is {nodes}, above its hard cap of {MOST_NODES:,}",
            hint=f"Give at most {MOST_NODES}.",
            id="reflow.E009",
        )


def _actors() -> Iterator[CheckMessage]:
    try:
        discover(settings.REFLOW_ACTORS)
    except RegistrationError as error:
        for problem in error.problems:
            yield Error(f"REFLOW_ACTORS: {problem}", id="reflow.E006")


def _zeal() -> Iterator[CheckMessage]:
    try:
        zeal_config()
    except ConfigError as error:
        for problem in error.problems:
            yield Error(str(problem), id="reflow.E010")


def _safety() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS and not settings.DEBUG:
        yield Error(
            "ALLOWED_HOSTS holds '*', which also switches off the Origin check of WebSockets",
            hint="Name the hosts that the server answers for.",
            id="reflow.E007",
        )
    if "*" in settings.HTTP_ALLOW_PRIVATE:
        yield checks.Warning(
            "HTTP_ALLOW_PRIVATE is '*': every graph reaches every address of your network",
            hint="Name the hosts or networks that graphs need.",
            id="reflow.W001",
        )


def _storage() -> Iterator[CheckMessage]:
    kind = settings.PAYLOAD_STORAGE
    if kind not in KINDS:
        hint = f"Use one of {', '.join(KINDS)}"
        yield Error(f"PAYLOAD_STORAGE names {kind!r}", hint=hint, id="reflow.E011")
    if kind != "s3":
        return
    if find_spec("storages") is None:
        yield Error(
            "PAYLOAD_STORAGE is s3, and django-storages is not installed",
            hint="Install it: .venv/bin/python -m uv pip install -e '.[s3]'",
            id="reflow.E011",
        )
    if not settings.PAYLOAD_S3["bucket_name"]:
        yield Error("PAYLOAD_S3_BUCKET is empty", hint="Name the bucket.", id="reflow.E011")
