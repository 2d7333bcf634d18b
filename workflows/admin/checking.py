"""A graph's text, read and checked once: the graph if it is one, and every problem."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import GraphError, Problem
from engine.graph import Graph, validate
from workflows import surroundings
from workflows.admin.drawing import NOTHING, Drawing, draw

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SHOWN = 100  # problems; who has more mends these first


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a text; ``graph`` is None when it is no graph at all."""

    graph: Graph | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    @property
    def shown(self) -> tuple[Problem, ...]:
        """Errors first, then warnings, and a last line if there are more than a page takes."""
        found = self.errors + self.warnings
        if len(found) <= MAX_SHOWN:
            return found
        rest = Problem("graph", f"{len(found) - MAX_SHOWN} more", severity="warning")
        return (*found[:MAX_SHOWN], rest)

    @property
    def summary(self) -> str:
        if self.errors:
            return "It cannot run yet."
        return "This graph can run."

    def drawing(self, states: Mapping[str, str] | None = None) -> Drawing:
        if self.graph is None:
            return NOTHING
        wrong = {problem.node for problem in self.errors if problem.node}
        return draw(self.graph, states=states, wrong=wrong)

    def answer(self) -> dict[str, Any]:
        """The same for the page's script."""
        return {
            "problems": [asdict(problem) for problem in self.shown],
            "summary": self.summary,
            "drawing": None if self.graph is None else self.drawing().elements,
        }


def check_text(text: str | bytes) -> Checked:
    """Never raises for what is in the text."""
    try:
        graph = Graph.from_json(text, limits=surroundings.json_limits())
    except GraphError as error:
        return Checked(None, error.problems)
    found = validate(graph, surroundings.registry(), surroundings.graph_limits())
    return Checked(graph, found)
