"""Where a node of a graph is in its Zeal document, or would be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.graph.layout import layout
from engine.graph.ports import resolve_port
from workflows.zeal.facts import place_of

if TYPE_CHECKING:
    from engine.graph import Graph
    from workflows.zeal.document import Node
    from workflows.zeal.places import Origins
    from workflows.zeal.target import Target
    from workflows.zeal.written import Written

STEP = 240.0  # pixels from a node to the input that is drawn for it


@dataclass(frozen=True, slots=True)
class Spot:
    """A node in Zeal: the prefix its canvas stands under, the canvas, its id there."""

    prefix: str
    canvas: str
    node: str


class Whereabouts:
    """Asked for nodes of one graph during its export; ``added`` are those that are new in Zeal."""

    def __init__(self, written: Written, origins: Origins, graph: Graph, target: Target) -> None:
        self.added: dict[str, Spot] = {}
        self._written = written
        self._origins = origins
        self._graph = graph
        self._target = target
        self._places: dict[str, tuple[float, float]] | None = None

    def home(self, name: str) -> tuple[str, str | None]:
        """The prefix that a node stands under, and its canvas; None in another workflow."""
        prefixes = [*self._origins.canvases, *self._origins.foreign]
        longest = max((p for p in prefixes if name.startswith(p)), key=len)
        return longest, self._origins.canvases.get(longest)

    def spot(self, name: str) -> Spot | None:
        """The node in Zeal; None if it is in another workflow, or nowhere."""
        prefix, canvas = self.home(name)
        if name in self.added:
            return self.added[name]
        if canvas is None or name not in self._origins.nodes:
            return None
        return Spot(prefix, *self._origins.nodes[name])

    def zeal_node(self, spot: Spot) -> Node | None:
        nodes = self._written.canvas(spot.canvas).nodes
        return next((node for node in nodes if node.id == spot.node), None)

    def port(self, name: str, port: str, *, out: bool) -> str:
        """The port as Zeal names it: that of a boundary, or spelt as the component does."""
        spot = self.spot(name)
        drawn = self.zeal_node(spot) if spot and name not in self.added else None
        template = self._target.component(drawn.template) if drawn else ""
        if template in ("graph_input", "graph_output"):
            return "data"
        if template in ("proxy_input", "proxy_output"):
            return "proxy"
        actor = self._target.actor(self._graph.nodes[name].component)
        if actor is None or self._graph.case_sensitive:
            return port
        found = resolve_port(actor.outports if out else actor.inports, port, case_sensitive=False)
        return found.name if found else port

    def beside(self, name: str, steps: int = -1) -> tuple[float, float]:
        node = self._graph.nodes[name]
        actor = self._target.actor(node.component)
        x, y = place_of(node, actor) or self.laid_out(name)
        return x + steps * STEP, y

    def laid_out(self, name: str) -> tuple[float, float]:
        if self._places is None:
            places = layout(self._graph)
            self._places = {key: (place.x, place.y) for key, place in places.items()}
        return self._places[name]
