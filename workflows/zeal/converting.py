"""From a Zeal workflow to the graph that runs, with every problem named as Zeal names its nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.graph import Graph
from engine.graph.validation import GraphLimits, validate
from engine.messages import FrozenDict
from workflows.zeal.expansion import Expansion
from workflows.zeal.naming import renamed
from workflows.zeal.problems import ZealError, ZealProblem, called
from workflows.zeal.reading import read_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflows.zeal.document import ZealWorkflow
    from workflows.zeal.places import Origins
    from workflows.zeal.target import Target
    from workflows.zeal.trigger import Trigger

KEPT = "zeal"  # the property of a graph that holds the document it was read from
OURS = "reflow"  # the key of Zeal's ``metadata`` that holds properties of a graph of ours


@dataclass(frozen=True, slots=True)
class Converted:
    """A graph that can run, and what is known of the workflow that it was."""

    graph: Graph
    workflow: ZealWorkflow
    components: tuple[str, ...]
    environment: tuple[str, ...]  # variables that its nodes need
    warnings: tuple[ZealProblem, ...]
    origins: Origins = field(repr=False)

    @property
    def trigger(self) -> Trigger | None:
        return self.workflow.trigger


def convert(document: str | bytes | Mapping[str, Any], target: Target) -> Converted:
    """Read a Zeal workflow and make the graph that runs it.

    Raises:
        ZealError: it is no workflow, or cannot run here; ``problems`` lists every reason.
    """
    return convert_workflow(read_workflow(document), target)


def convert_workflow(workflow: ZealWorkflow, target: Target) -> Converted:
    """As ``convert``, for a workflow that was read already."""
    converted, problems = attempt(workflow, target)
    if any(problem.severity == "error" for problem in problems):
        raise ZealError(problems)
    return converted


def attempt(workflow: ZealWorkflow, target: Target) -> tuple[Converted, tuple[ZealProblem, ...]]:
    """The graph as far as it goes, and everything that is wrong with it."""
    expansion = _expansion(workflow, target)
    graph = expansion.graph
    problems = [*expansion.problems, *_environment(workflow, target)]
    if not any(problem.code == "graph_too_large" for problem in problems):
        found = validate(graph, target.registry, GraphLimits(nodes=target.max_nodes))
        problems += (renamed(problem, graph) for problem in found if expansion.is_new(problem))
    converted = Converted(
        graph=graph,
        workflow=workflow,
        components=tuple(sorted({node.component for node in graph.nodes.values()})),
        environment=required_variables(workflow),
        warnings=tuple(problem for problem in problems if problem.severity != "error"),
        origins=expansion.origins,
    )
    return converted, tuple(problems)


def expanded(workflow: ZealWorkflow, target: Target) -> tuple[Graph, Origins]:
    """The graph of a workflow, and what each element of it was; nothing is checked."""
    expansion = _expansion(workflow, target)
    return expansion.graph, expansion.origins


def _expansion(workflow: ZealWorkflow, target: Target) -> Expansion:
    graph = Graph(workflow.name, case_sensitive=True)
    graph.properties.update(_properties(workflow))
    graph.properties[KEPT] = workflow.document
    expansion = Expansion(graph, workflow, target)
    expansion.run()
    return expansion


def required_variables(workflow: ZealWorkflow) -> tuple[str, ...]:
    """The environment variables that nodes of any graph need, each once."""
    nodes = (node for graph in workflow.graphs for node in graph.nodes)
    return tuple(sorted({name for node in nodes for name in node.environment}))


def _properties(workflow: ZealWorkflow) -> dict[str, Any]:
    """What an export of ours said of the graph beside its name: policies and the like."""
    metadata = workflow.document.get("metadata")
    ours = metadata.get(OURS) if isinstance(metadata, FrozenDict) else None
    properties = ours.get("properties") if isinstance(ours, FrozenDict) else None
    if not isinstance(properties, FrozenDict):
        return {}
    return {key: value for key, value in properties.items() if key not in ("name", KEPT)}


def _environment(workflow: ZealWorkflow, target: Target) -> Iterator[ZealProblem]:
    for graph in workflow.graphs:
        for node in graph.nodes:
            for name in node.environment:
                if name in target.allowed & target.present:
                    continue
                allowed = name in target.allowed
                said = "is not set" if allowed else "may not be read by nodes"
                fix = f"set {name} for the workers" if allowed else f"add {name} to "
                yield ZealProblem(
                    called(node.id, node.title),
                    f"needs the environment variable {name}, which {said}",
                    "environment_missing" if allowed else "environment_denied",
                    node.id,
                    "",
                    fix if allowed else f"{fix}ACTOR_ENVIRONMENT",
                    "warning",
                    node.title,
                    graph.id,
                )
