"""``manage.py run_workflow``: run a graph file on the engine, without server or broker."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError

from engine.errors import CodecError, EngineError, Problem, ProblemsError
from engine.execution import execute
from engine.graph import Graph, validate
from engine.network import Network
from engine.permissions import Permissions
from workflows import surroundings
from workflows.inputs import distribute
from workflows.management.run_report import JsonReport, Report, TextReport

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable, Iterator

    from engine.network import Result
    from workflows.inputs import Distribution

FAILED, REFUSED, CANCELLED = 1, 2, 130  # exit codes; 130 is what a shell says after Ctrl-C

EPILOG = """\
The input is a JSON object: a key that is an inport of the graph goes there, the rest goes to
trigger nodes. Exit code 0: completed. 1: failed. 2: the file, graph or input cannot run, and
every problem is listed. 130: cancelled by Ctrl-C. Example:

  manage.py run_workflow examples/fan_out_join.json --input '{"number": 5}'
"""


class Command(BaseCommand):
    """Parse, run, report; what is printed is the report's matter."""

    help = "Run a graph file without server or broker, and print its events and its result."
    requires_system_checks = ()

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        """Show the examples at the end of ``--help``."""
        return super().create_parser(*args, **kwargs, epilog=EPILOG)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a graph as JSON (Reflow's GraphExport); - reads stdin")
        parser.add_argument(
            "--input", default="{}", metavar="JSON|@FILE", help="a JSON object, or @ and a file"
        )
        shown = parser.add_mutually_exclusive_group()
        shown.add_argument(
            "--events", action="store_true", help="print each event as it happens (the default)"
        )
        shown.add_argument("--quiet", action="store_true", help="print the result only")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a line, the result last"
        )
        parser.add_argument(
            "--allow-network", action="store_true", help="let nodes reach public HTTP addresses"
        )
        parser.add_argument(
            "--allow-private",
            action="append",
            default=[],
            metavar="HOST",
            help="let nodes reach this private host, address or network too; may be repeated",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the file and end with the exit code that its result asks for."""
        network, given = _prepare(options)
        kind = JsonReport if options["json"] else TextReport
        report = kind(options.get("stdout") or sys.stdout, events=not options["quiet"])
        try:
            result = _run(network, given, report)
        except ProblemsError as error:
            _refuse(f"{options['file']} cannot run", error.problems)
        except EngineError as error:
            raise CommandError(f"{error} ({error.code})", returncode=FAILED) from error
        report.result(result)
        code = {"completed": 0, "cancelled": CANCELLED}.get(result.status, FAILED)
        if code:
            raise SystemExit(code)


def _prepare(options: dict[str, Any]) -> tuple[Network, Distribution]:
    """Read the file and the input, and check both before anything runs."""
    registry = surroundings.registry()
    problems: list[Problem] = []
    try:
        graph = Graph.from_json(_text(options["file"]), limits=surroundings.json_limits())
        problems += [p for p in validate(graph, registry) if p.severity == "error"]
        given = distribute(graph, registry, _input(options["input"]))
    except ProblemsError as error:
        problems += error.problems
    if problems:
        _refuse(f"{options['file']} cannot run", problems)
    hosts = frozenset(options["allow_private"])
    allowed = Permissions(network=options["allow_network"] or bool(hosts), private_hosts=hosts)
    limits = surroundings.limits()
    return Network.from_graph(graph, registry=registry, permissions=allowed, limits=limits), given


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}", returncode=REFUSED) from error


def _input(given: str) -> Any:
    try:
        return surroundings.read_json(_text(given[1:]) if given.startswith("@") else given)
    except CodecError as error:
        raise CommandError(f"--input: {error}", returncode=REFUSED) from error


def _refuse(title: str, problems: Iterable[Problem]) -> NoReturn:
    lines = "\n".join(f"  - {problem}" for problem in problems)
    raise CommandError(f"{title}:\n{lines}", returncode=REFUSED)


def _run(network: Network, given: Distribution, report: Report) -> Result:
    for warning in given.warnings:
        report.warning(warning)
    loops: list[asyncio.AbstractEventLoop] = []

    async def live() -> Result:
        loops.append(asyncio.get_running_loop())
        return await execute(network, given.inputs, write=report.write, trigger=given.trigger)

    def stop(*_signal: object) -> None:
        for loop in loops:  # the engine lives in another thread
            loop.call_soon_threadsafe(network.cancel)

    with report, _on_ctrl_c(stop):
        return async_to_sync(live)()


@contextmanager
def _on_ctrl_c(stop: Callable[..., None]) -> Iterator[None]:
    """End the run in order, so that what it has done so far is still reported."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a handler
        return
    earlier = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)
