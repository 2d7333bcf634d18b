"""What ``analyze_graph`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from engine.graph.advice import listed
from workflows.management.run_lines import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.errors import Problem
    from engine.graph import Analysis

MOST_LINES = 20  # of one kind; the rest is counted
STYLES = {"error": "bold red", "warning": "yellow", "suggestion": "cyan"}


def print_analysis(analysis: Analysis, problems: Sequence[Problem], out: TextIO) -> None:
    """A summary, the stages, and what is wrong or could be better: a line for each."""
    console = Console(file=out, soft_wrap=True, highlight=False)
    counts = f"{analysis.nodes} nodes, {analysis.connections} connections"
    console.print(Text(f"{safe(analysis.name or 'graph')}: {counts}", style="bold"))
    stages = ((f"stage {n}", safe(listed(names))) for n, names in enumerate(analysis.stages, 1))
    for rows in (_facts(analysis), stages, _findings(analysis, problems)):
        _print(console, list(rows))


def _facts(analysis: Analysis) -> Iterator[tuple[str, str]]:
    path = analysis.critical_path
    length = f"{path.weight:g} ms" if analysis.weighted else f"{len(path.nodes)} nodes"
    yield "sources", safe(listed(analysis.sources)) or "none"
    yield "sinks", safe(listed(analysis.sinks)) or "none"
    yield "stages", f"{len(analysis.stages)}, the widest of {analysis.widest_stage}"
    yield "critical path", f"{length}: {safe(' -> '.join(_shortened(path.nodes)))}"
    for cycle in analysis.cycles:
        way = safe(" -> ".join((*_shortened(cycle.path), cycle.path[0])))
        yield "cycle", f"{way} ({'marked as feedback' if cycle.intended else 'not marked'})"
    for item in analysis.parallel_branches:
        rows = "; ".join(listed(row) for row in item.branches[:4])
        more = f" and {len(item.branches) - 4} more" if len(item.branches) > 4 else ""
        yield f"after {safe(item.fork)}" if item.fork else "from the start", safe(rows) + more
    for label, nodes in (("unreachable", analysis.unreachable), ("endless", analysis.endless)):
        if nodes:
            yield label, safe(listed(nodes))


def _findings(analysis: Analysis, problems: Sequence[Problem]) -> Iterator[tuple[str, str]]:
    for problem in sorted(problems, key=lambda item: item.severity):
        yield problem.severity, f"{safe(str(problem))} [{problem.code}]"
    for item in analysis.suggestions:
        yield "suggestion", f"{safe(item.message)} [{item.code}]"


def _shortened(nodes: Sequence[str]) -> Sequence[str]:
    return nodes if len(nodes) <= 8 else (*nodes[:6], "...", nodes[-1])


def _print(console: Console, lines: Sequence[tuple[str, str]]) -> None:
    width = max((len(label) for label, _ in lines), default=0)
    for label, text in lines[:MOST_LINES]:
        style = STYLES.get(label, "dim")
        console.print(Text.assemble((label.ljust(width), style), f"  {text}"))
    if len(lines) > MOST_LINES:
        console.print(Text(f"... and {len(lines) - MOST_LINES} more; --json shows all"))
