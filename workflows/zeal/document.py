"""A Zeal workflow as frozen values, whichever of its two shapes it was written in."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages import FrozenDict
from workflows.zeal.trigger import Trigger

NOTHING = FrozenDict()


@dataclass(frozen=True, slots=True)
class Port:
    """A port as the editor draws it; ``side`` is ``input`` or ``output``."""

    id: str
    side: str


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A node: ``values`` is what the user set, ``defaults`` what its properties say."""

    id: str
    template: str  # "tpl_math_add", "reflow/tpl_math_add", "subgraph"
    title: str
    position: tuple[float, float] | None
    properties: FrozenDict  # name -> description
    values: FrozenDict
    defaults: FrozenDict
    ports: tuple[Port, ...]
    environment: tuple[str, ...]  # variables that must be set for it
    details: FrozenDict  # ``metadata``, or the node itself

    @property
    def settings(self) -> FrozenDict:
        """The defaults, overlaid by what the user set."""
        return FrozenDict({**self.defaults, **self.values})


@dataclass(frozen=True, slots=True)
class Connection:
    """``id`` is empty if the document gives none; ``number`` is its place in the list."""

    id: str
    from_node: str
    from_port: str
    to_node: str
    to_port: str
    number: int

    @property
    def ends(self) -> str:
        return f"{self.from_node}.{self.from_port} -> {self.to_node}.{self.to_port}"


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Canvas:
    """One of the graphs of a workflow."""

    id: str
    name: str
    is_main: bool
    nodes: tuple[Node, ...]
    connections: tuple[Connection, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ZealWorkflow:
    """A workflow; ``document`` is all of it, as it was read."""

    id: str
    name: str
    description: str
    graphs: tuple[Canvas, ...]
    active_graph: str
    trigger: Trigger | None
    document: FrozenDict

    @property
    def main(self) -> Canvas:
        """The graph that runs: the first that says so, else the active one, else the first."""
        marked = [graph for graph in self.graphs if graph.is_main]
        active = [graph for graph in self.graphs if graph.id == self.active_graph]
        named = [graph for graph in self.graphs if graph.id == "main"]
        return (*marked, *active, *named, *self.graphs)[0]
