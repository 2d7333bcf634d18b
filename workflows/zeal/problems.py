"""What is wrong with a Zeal workflow: each problem with Zeal's own node id and title."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import Problem, ProblemsError


@dataclass(frozen=True, slots=True)
class ZealProblem(Problem):
    """A problem whose ``node`` is the id in Zeal; ``graph`` is the id of Zeal's graph."""

    title: str = ""  # of the node, as people see it in the editor
    graph: str = ""


class ZealError(ProblemsError):
    """The document is no Zeal workflow, or one that cannot run here."""

    code = "zeal_invalid"


def called(node: str, title: str) -> str:
    """A node in the words of a problem: its id, and its title if that says more."""
    return f"node {node!r} ({title})" if title and title != node else f"node {node!r}"
