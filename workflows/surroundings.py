"""What every graph of this server meets: the actors there are, their permissions, the limits."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

from engine.codec import JsonLimits, parse_json
from engine.config import load_config
from engine.graph import GraphLimits
from engine.http import HttpLimits
from engine.permissions import Permissions
from engine.registry import Registry, builtin, discover
from workflows.zeal.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.limits import Limits
    from workflows.zeal.document import ZealWorkflow

MOST_NODES = 10_000  # of a converted workflow, where the engine has no limit


def registry() -> Registry:
    """The component library, and the actors that ``REFLOW_ACTORS`` and installed packages add."""
    return _registry(tuple(settings.REFLOW_ACTORS))


@lru_cache(maxsize=4)
def _registry(actors: tuple[str, ...]) -> Registry:
    return builtin() | discover(actors)


def permissions() -> Permissions:
    """What a run may reach; an operator's choice, never a graph's."""
    return Permissions(
        network=settings.HTTP_ALLOW,
        private_hosts=frozenset(settings.HTTP_ALLOW_PRIVATE),
        environment=frozenset(settings.ACTOR_ENVIRONMENT),
        read_paths=tuple(settings.ACTOR_READ_PATHS),
        write_paths=tuple(settings.ACTOR_WRITE_PATHS),
    )


def zeal_target(workflows: Mapping[str, ZealWorkflow] | None = None) -> Target:
    """What a Zeal workflow is converted for: this server."""
    allowed = frozenset(settings.ACTOR_ENVIRONMENT)
    most = limits().max_nodes
    return Target(
        registry(),
        namespaces=tuple(dict.fromkeys((settings.ZEAL_NAMESPACE, "reflow"))),
        allowed=allowed,
        present=frozenset(name for name in allowed if name in os.environ),
        workflows=workflows or {},
        max_nodes=MOST_NODES if most is None else most,
    )


def limits() -> Limits:
    """The bounds of one network, from ``reflow.toml`` and the settings.

    Raises:
        ConfigError: the file or a variable is wrong.
    """
    file = settings.REFLOW_CONFIG
    changed = file.stat().st_mtime_ns if file.exists() else None
    return replace(
        _configured(file, changed),
        max_connections=settings.GRAPH_CONNECTIONS,
        max_messages=settings.RUN_MESSAGES,
        max_message_bytes=settings.MESSAGE_BYTES,
        http=http_limits(),
        node_seconds=settings.NODE_SECONDS,
    )


@lru_cache(maxsize=4)
def _configured(file: Path, changed: int | None) -> Limits:
    """Read once; the environment of a process stays as it is."""
    return load_config(file if changed is not None else None, os.environ).limits()


def graph_limits() -> GraphLimits:
    """How large a graph may be."""
    bounds = limits()
    return GraphLimits(nodes=bounds.max_nodes, connections=bounds.max_connections)


def http_limits() -> HttpLimits:
    """Those of one request of an actor."""
    return HttpLimits(
        connect=settings.HTTP_CONNECT_SECONDS,
        read=settings.HTTP_READ_SECONDS,
        total=settings.HTTP_TOTAL_SECONDS,
        redirects=settings.HTTP_REDIRECTS,
        wire_bytes=settings.HTTP_RESPONSE_BYTES,
        decoded_bytes=settings.HTTP_DECODED_BYTES,
        ratio=settings.HTTP_RATIO,
    )


def json_limits() -> JsonLimits:
    """Those of every JSON text that somebody gives to the server."""
    return JsonLimits(
        depth=settings.JSON_DEPTH,
        object_keys=settings.JSON_OBJECT_KEYS,
        document_keys=settings.JSON_DOCUMENT_KEYS,
        string_bytes=settings.JSON_STRING_BYTES,
        number_digits=settings.JSON_NUMBER_DIGITS,
    )


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text that somebody gave to the server.

    Raises:
        CodecError: it is no strict JSON, or beyond a limit, which is named.
    """
    return parse_json(text, json_limits())
