"""What a conversion is for: the components there are, and what their environment allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import RegistrationError
from engine.graph.hints import Hints

if TYPE_CHECKING:
    from engine.actor import Actor
    from engine.registry import Registry
    from workflows.zeal.document import ZealWorkflow

# Templates that are no actors here.
WIDGETS = ("tpl_text_input", "tpl_number_input", "tpl_range_input")
SUBGRAPH = "subgraph"
ENTRIES = ("graph_input", "proxy_input")
BOUNDARY = ("graph_input", "graph_output", "proxy_input", "proxy_output")
RELAY = "tpl_passthrough"  # what stands for a boundary


@dataclass(frozen=True, slots=True)
class Target:
    """Where a workflow is to run.

    Args:
        namespaces: of our own templates; ``reflow/tpl_loop`` is ``tpl_loop``.
        allowed: environment variables that nodes may read.
        present: those that are set.
        workflows: other workflows by Zeal's id, whose graphs may be used as sub-graphs.
        max_nodes: of the graph with all sub-graphs in their places.
        lenient: take templates that are unknown here for components.
    """

    registry: Registry
    namespaces: tuple[str, ...] = ("reflow",)
    allowed: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    workflows: Mapping[str, ZealWorkflow] = field(default_factory=dict)
    max_nodes: int = 10_000
    lenient: bool = False

    def component(self, template: str) -> str:
        """A template id without our own namespace."""
        for namespace in self.namespaces:
            if namespace and template.startswith(f"{namespace}/"):
                return template.removeprefix(f"{namespace}/")
        return template

    def is_foreign(self, template: str) -> bool:
        """Whether a template belongs to somebody else's namespace."""
        component = self.component(template)
        return component == template and "/" in template and template not in self.registry

    def actor(self, component: str) -> type[Actor] | None:
        """The class of a component; None if there is none that works."""
        try:
            return self.registry.get(component)
        except RegistrationError:
            return None

    def hint(self, component: str) -> str:
        names = [*self.registry, *WIDGETS, SUBGRAPH, *BOUNDARY]
        return Hints().nearest(component, names, "templates")
