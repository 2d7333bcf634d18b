"""How long a run may take: as its start says, else its graph, else the server."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.conf import settings

from engine.errors import GraphError, Problem

if TYPE_CHECKING:
    from engine.graph import Graph

PROPERTY = "timeoutSeconds"  # of a graph
START, GRAPH = "start", "graph"  # who has set the limit of a run; empty: the server
_SET_BY = {
    START: "metadata.timeout_seconds of its start",
    GRAPH: f"properties.{PROPERTY} of its graph",
    "": "RUN_SECONDS",
}


def read_seconds(value: Any, where: str, problems: list[Problem]) -> float | None:
    """A time limit as a caller gave it; what is wrong with it joins the problems."""
    if value is None:
        return None
    most = settings.RUN_SECONDS_MAX
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not (math.isfinite(value) and value > 0):
        text = "must be a number of seconds above 0"
        problems.append(Problem(where, text, "timeout_invalid"))
    elif value > most:
        text = f"{value:.10g} s is more than {most:.10g} s (limit: RUN_SECONDS_MAX)"
        problems.append(Problem(where, text, "timeout_invalid"))
    else:
        return float(value)
    return None


def seconds_of(graph: Graph) -> float | None:
    """The time limit that a graph asks for, if it does.

    Raises:
        GraphError: it is no number of seconds, or above ``RUN_SECONDS_MAX``.
    """
    problems: list[Problem] = []
    where = f"properties.{PROPERTY}"
    seconds = read_seconds(graph.properties.get(PROPERTY), where, problems)
    if problems:
        raise GraphError(problems)
    return seconds


def limit_text(seconds: float | None, set_by: str) -> str:
    """A limit for people: how long, and where it was set."""
    return f"{seconds or settings.RUN_SECONDS:.10g} s (limit: {_SET_BY[set_by]})"
