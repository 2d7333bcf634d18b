"""Keys that are kept and do nothing, yet look as if a setting had been meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from engine.errors import Problem
from engine.node_config import LAYOUT_KEYS, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.actor import Actor
    from engine.graph.elements import Node
    from engine.graph.model import Graph

LIKENESS = 0.75  # from 0 to 1; lower ones take "version" for "supervision"
LONGEST_KEY = 60  # no setting is as long
MOST_COMPARED = 2_000  # different keys; the reader of more warnings needs no more

_OF_DOCUMENT = ("connections", "groups", "inports", "outports", "processes", "properties")
_OF_PROPERTIES = ("onError", "onUndelivered", "supervision")
_OF_PROCESS = ("component", "metadata")


class Misspelt:
    """The warnings of one validation: each key compared once, and never so many that it is slow."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[str, ...]], str] = {}

    def in_graph(self, graph: Graph) -> Iterator[Problem]:
        """Of the document itself, and of its properties."""
        for key, meant in self._close(graph.extra, (*_OF_DOCUMENT, *_OF_PROPERTIES)):
            yield _problem("graph", meant, "key of a graph", path=key, home="properties")
        unknown = (key for key in graph.properties if key not in _OF_PROPERTIES)
        for key, meant in self._close(unknown, _OF_PROPERTIES):
            yield _problem("graph", meant, "setting of a graph", path=f"properties.{key}")

    def in_node(self, node: Node, actor: type[Actor]) -> Iterator[Problem]:
        """Of its metadata, and of what stands beside them."""
        if not (node.metadata or node.extra):
            return
        names = tuple(name for item in settings_of(actor.Config) for name in item.names)
        settings, where = (*names, "policy"), f"node {node.id!r}"
        for key, meant in self._close(node.extra, (*_OF_PROCESS, *settings)):
            text = "key of a node"
            yield _problem(where, meant, text, path=key, home="metadata", node=node.id)
        unknown = [k for k in node.metadata or () if k not in names and k not in LAYOUT_KEYS]
        for key, meant in self._close(unknown, settings):
            text = "setting of this component"
            yield _problem(where, meant, text, path=f"config.{key}", node=node.id)

    def _close(self, keys: Iterable[str], known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for key in keys:
            meant = self._meant(key, known)
            if meant:
                yield key, meant

    def _meant(self, key: str, known: tuple[str, ...]) -> str:
        asked = (key, known)
        if asked not in self._found:
            if len(self._found) >= MOST_COMPARED or len(key) > LONGEST_KEY:
                return ""
            folded = {name.lower(): name for name in known}
            close = get_close_matches(key.lower(), folded, n=1, cutoff=LIKENESS)
            self._found[asked] = folded[close[0]] if close else ""
        return self._found[asked]


def _problem(
    where: str, meant: str, what: str, *, path: str, home: str = "", node: str = ""
) -> Problem:
    hint = f"it belongs into {home}" if path == meant else f"did you mean {meant!r}?"
    message = f"is not a {what}"
    return Problem(f"{where}: {path}", message, "unknown_setting", node, "", hint, "warning")
