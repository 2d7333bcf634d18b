"""All templates of this server, made one by one: a library of thousands is never held at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from engine.errors import EngineError
from observability.zeal.templates import categories_of, template_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.actor import Actor
    from engine.registry import Registry
    from observability.zeal.wire import JsonObject

logger = logging.getLogger(__name__)


def templates(registry: Registry, *, version: str) -> Iterator[JsonObject]:
    """In the order of their names. An actor that makes no template is logged and left out."""
    for actor in _actors(registry):
        try:
            yield template_of(actor, version=version)
        except (EngineError, TypeError, ValueError, AttributeError) as error:
            logger.warning("%s: no template can be made: %s", actor.component, error)


def categories(registry: Registry) -> list[JsonObject]:
    return categories_of(_actors(registry))


def _actors(registry: Registry) -> Iterator[type[Actor]]:
    for name in registry:
        try:
            actor = registry.get(name)
        except EngineError as error:
            logger.warning("%s cannot be loaded: %s", name, error)
            continue
        if actor is not None:
            yield actor
