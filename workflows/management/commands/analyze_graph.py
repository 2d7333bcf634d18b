"""``manage.py analyze_graph``: what a graph file is like, and what could be better in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from engine.errors import CodecError, ProblemsError
from engine.graph import Graph, analyze, validate
from workflows import surroundings
from workflows.management.analysis_report import print_analysis
from workflows.management.run_lines import safe

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from engine.errors import Problem

INVALID, REFUSED = 1, 2  # exit codes

EPILOG = """\
Exit code 0: the graph can run. 1: it cannot, the errors are in the report. 2: the file is no
graph. Example:

  manage.py analyze_graph examples/fan_out_join.json
"""


class Command(BaseCommand):
    """Read, analyse, report."""

    help = "Show the order, cycles, stages, critical path and problems of a graph file."
    requires_system_checks = ()

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        """Show the example at the end of ``--help``."""
        return super().create_parser(*args, **kwargs, epilog=EPILOG)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a graph as JSON or YAML (.yaml, .yml); - reads JSON")
        parser.add_argument("--json", action="store_true", help="the whole report as JSON")
        parser.add_argument(
            "--durations",
            metavar="FILE",
            help='a JSON object {"node": milliseconds} for the critical path',
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Report, and end with the exit code that the problems ask for."""
        out = options.get("stdout") or sys.stdout
        try:
            graph = _graph(options["file"])
            analysis = analyze(graph, _durations(options["durations"]))
        except ProblemsError as error:
            lines = "\n".join(f"  - {safe(str(problem))}" for problem in error.problems)
            _refuse(f"{options['file']} cannot be analysed:\n{lines}")
        problems = validate(graph, surroundings.registry())
        if options["json"]:
            report = {**analysis.as_dict(), "problems": [_as_dict(item) for item in problems]}
            out.write(f"{json.dumps(report, ensure_ascii=False, indent=2)}\n")
        else:
            print_analysis(analysis, problems, out)
        if any(problem.severity == "error" for problem in problems):
            raise SystemExit(INVALID)


def _graph(name: str) -> Graph:
    text = _text(name)
    limits = surroundings.json_limits()
    if name.endswith((".yaml", ".yml")):
        return Graph.from_yaml(text, limits=limits)
    return Graph.from_json(text, limits=limits)


def _durations(name: str | None) -> dict[str, float] | None:
    if name is None:
        return None
    try:
        found = surroundings.read_json(_text(name))
    except CodecError as error:
        _refuse(f"{name}: {error}")
    if not isinstance(found, dict):
        _refuse(f'{name}: must be an object as {{"node": 1.5}}')
    return found


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        _refuse(f"{name} cannot be read: {error}")


def _refuse(message: str) -> NoReturn:
    raise CommandError(message, returncode=REFUSED)


def _as_dict(problem: Problem) -> dict[str, str]:
    keys = ("severity", "code", "where", "message", "node", "port", "hint")
    return {key: getattr(problem, key) for key in keys}
