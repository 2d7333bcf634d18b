"""What is known of an actor before it runs: what it does outside, and what it keeps on itself."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from engine.actor import Actor, Effect
from engine.errors import ConfigError
from engine.graph.elements import NOTHING
from engine.node_config import build_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.graph.elements import Node

_FIRING = ("process", "process_value", "process_batch", "on_error", "drain")


def effect_of(node: Node, actor: type[Actor]) -> Effect | None:
    """What the node does outside; None if its settings are wrong."""
    try:
        config = build_config(actor.Config, node.metadata or NOTHING, node=node.id)
    except ConfigError:  # it cannot run, and that is said elsewhere
        return None
    return Effect(actor.effect_for(config))


def declares_effect(actor: type[Actor]) -> bool:
    """Whether the effect was said, or is only assumed to be unsafe."""
    return actor.effect is not None or actor.effect_for.__func__ is not Actor.effect_for.__func__  # type: ignore[attr-defined]


def kept_on_self(actor: type[Actor]) -> tuple[str, ...]:
    """The attributes that a firing assigns on the actor itself: no journal has them.

    What it changes inside such an attribute, or elsewhere, is not seen.
    """
    any_actor: Any = actor  # the cache's stubs take no class for hashable
    return _kept(any_actor)


@cache
def _kept(actor: Any) -> tuple[str, ...]:
    methods = (getattr(actor, name, None) for name in _FIRING)
    names = (name for method in methods if method is not None for name in _assigned(method))
    return tuple(dict.fromkeys(names))


def _assigned(method: Any) -> Iterator[str]:
    try:
        (function,) = ast.parse(dedent(inspect.getsource(method))).body
        owner = next(iter(inspect.signature(method).parameters))
    except (OSError, TypeError, ValueError, SyntaxError, StopIteration):  # no Python source
        return
    for item in ast.walk(function):
        if (
            isinstance(item, ast.Attribute)
            and isinstance(item.ctx, ast.Store)
            and isinstance(item.value, ast.Name)
            and item.value.id == owner
        ):
            yield item.attr
