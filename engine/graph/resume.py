"""How a run of a graph goes on when its worker is lost: the graph's property ``resume``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from engine.actor import Effect
from engine.behaviour import Style, style_of
from engine.errors import Problem, RegistrationError, nearest
from engine.graph.effects import effect_of, kept_on_self
from engine.graph.topology import feedback_edges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.actor import Actor
    from engine.graph.elements import Node
    from engine.graph.model import Graph
    from engine.registry import Registry

_GENERATORS = (Style.GENERATOR, Style.ASYNC_GENERATOR)
_HARMLESS = (Effect.NONE, Effect.IDEMPOTENT)
_NOT_RESUMED = (None, *_HARMLESS)


class ResumeLevel(StrEnum):
    """What is done again after a loss."""

    RESTART = "restart"  # all
    NODE = "node"  # nodes that have not finished
    MESSAGE = "message"  # firings that have not ended


def resume_level(graph: Graph, registry: Registry) -> ResumeLevel:
    """What the graph asks for; by default as much as its effects need and its actors can.

    A level that there is not, or that cannot be used, is told by ``resume_problems``.
    """
    asked = graph.properties.get("resume")
    if asked is not None:
        return ResumeLevel(asked) if asked in set(ResumeLevel) else ResumeLevel.RESTART
    if not any(_acts(node, registry) for node in graph.nodes.values()):
        return ResumeLevel.RESTART
    for level in (ResumeLevel.NODE, ResumeLevel.MESSAGE):
        if next(_obstacles(graph, _finder(graph, registry), level), None) is None:
            return level
    return ResumeLevel.RESTART


def resume_problems(
    graph: Graph, actor_of: Callable[[str], type[Actor] | None]
) -> Iterator[Problem]:
    """Why the level that a graph asks for cannot be used, and what will be missing with it."""
    asked = graph.properties.get("resume")
    levels = [level.value for level in ResumeLevel]
    if asked is not None and asked not in levels:
        hint = nearest(str(asked), levels) or f"one of: {', '.join(levels)}"
        text = f"{asked!r} is no level"
        yield Problem("properties.resume", text, "resume_invalid", hint=hint)
    elif asked != ResumeLevel.RESTART:
        if asked is not None:
            yield from _obstacles(graph, actor_of, ResumeLevel(asked))
        yield from _forgetful(graph, actor_of, certain=asked is not None)
    elif "inDoubt" in graph.properties or "in_doubt" in graph.properties:
        text = "does nothing at the level restart: all of the run is done again"
        hint = "use resume node or message"
        yield Problem("properties.inDoubt", text, "policy_unused", hint=hint, severity="warning")


def _forgetful(
    graph: Graph, actor_of: Callable[[str], type[Actor] | None], *, certain: bool
) -> Iterator[Problem]:
    """Actors that keep on themselves what no journal has; unless nothing is resumed anyhow."""
    actors = {node.id: actor_of(node.id) for node in graph.nodes.values()}
    kept = {
        node_id: names
        for node_id, actor in actors.items()
        if actor is not None and not actor.stateless and (names := kept_on_self(actor))
    }
    acting = certain or (
        bool(kept)
        and any(
            actor is not None and effect_of(graph.nodes[node_id], actor) not in _NOT_RESUMED
            for node_id, actor in actors.items()
        )
    )
    for node_id, names in kept.items() if acting else ():
        text = f"keeps {', '.join(f'self.{name}' for name in names)}, which no resumed run has"
        hint = "keep it in ctx.state, or declare stateless = True"
        where = f"node {node_id!r}"
        yield Problem(where, text, "state_outside", node=node_id, hint=hint, severity="warning")


def _obstacles(
    graph: Graph, actor_of: Callable[[str], type[Actor] | None], level: ResumeLevel
) -> Iterator[Problem]:
    where = f"properties.resume {level.value!r}"
    code, hint = "resume_impossible", "use message, or restart"
    if level is ResumeLevel.NODE:
        for edge in feedback_edges(graph):
            text = f"{edge.ends} closes a cycle: its nodes never finish before one another"
            yield Problem(where, text, code, node=edge.from_node, hint=hint)
    for node in graph.nodes.values():
        actor = actor_of(node.id)
        if actor is None:
            continue
        if level is ResumeLevel.NODE and style_of(actor) in _GENERATORS:
            text = f"node {node.id!r} is a generator: others use its messages before it finishes"
            yield Problem(where, text, code, node=node.id, hint=hint)
        if actor.concurrency > 1 and not actor.ordered:
            text = f"node {node.id!r} ends its firings in any order: nobody knows which are done"
            yield Problem(where, text, code, node=node.id, hint="use restart")


def _finder(graph: Graph, registry: Registry) -> Callable[[str], type[Actor] | None]:
    return lambda node_id: registry.get(graph.nodes[node_id].component)


def _acts(node: Node, registry: Registry) -> bool:
    """Whether the node does something outside that should not be done twice."""
    try:
        actor = registry.get(node.component)
    except RegistrationError:  # it cannot run, and will say so
        return False
    return actor is not None and effect_of(node, actor) not in _NOT_RESUMED
