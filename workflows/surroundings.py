"""What every graph of this server meets: the actors there are, their permissions, the limits."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from engine.config import load_config
from engine.permissions import Permissions
from engine.registry import Registry, builtin, discover

if TYPE_CHECKING:
    from engine.limits import Limits


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


def limits() -> Limits:
    """The bounds of one network, from ``reflow.toml`` and the environment.

    Raises:
        ConfigError: the file or a variable is wrong.
    """
    file = settings.REFLOW_CONFIG
    return load_config(file if file.exists() else None, os.environ).limits()
