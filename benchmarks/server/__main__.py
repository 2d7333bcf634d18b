"""``python -m benchmarks.server``: what the whole server does, beside Celery and Prefect."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.machine import ROOT, load, processor, python_build
from benchmarks.server import forty, peers
from benchmarks.server.load import accepted, completed, short_graph, workflow
from benchmarks.server.place import PROFILES, database, inside, running_server

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = ROOT / "docs" / "benchmarks-server.md"
EVENT_TARGETS = {"sqlite": 50_000, "postgresql": 30_000}
ROUNDS = 7
WORDS = (
    "Client, server, database and broker share the machine. The median, with the lowest and the"
    " highest of the rounds. A short run has three nodes. A start over HTTP is one POST with a"
    " token, from eight connections at once. A light task adds one to a number. Prefect's flow"
    " calls its tasks in the client's process and records them on its server; Celery's tasks give"
    " their results back through Redis."
)


@dataclass(slots=True)
class Table:
    """Lines of the report: what, where, measured, target and whether it was reached."""

    lines: list[str] = field(default_factory=list)

    def add(
        self,
        what: str,
        profile: str,
        values: Iterable[float],
        *,
        unit: str,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        """The median of the values, with the lowest and the highest."""
        found = sorted(values)
        median = statistics.median(found)
        text = f"{median:,.{_digits(median)}f} {unit}"
        if len(found) > 1:
            text += f" [{found[0]:,.{_digits(median)}f} to {found[-1]:,.{_digits(median)}f}]"
        target, reached = "", ""
        if least is not None:
            target, reached = f">= {least:,g} {unit}", _word(median >= least)
        if most is not None:
            target, reached = f"<= {most:,g} {unit}", _word(median <= most)
        self.say(what, profile, text, target, reached)

    def say(self, *cells: str) -> None:
        self.lines.append(f"| {' | '.join(cells)} |")
        sys.stdout.write(self.lines[-1] + "\n")
        sys.stdout.flush()


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 3


def _word(reached: bool) -> str:
    return "reached" if reached else "**missed**"


def main() -> None:
    options = _options()
    table = Table()
    for profile in options.profile:
        _alone(table, profile)
        _served(table, profile, options.workers)
    if not options.no_peers:
        _peers(table, options.workers)
    if options.keep:
        PAGE.write_text(_page(table, options.workers), encoding="utf-8")
        sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument(
        "--profile", nargs="*", choices=PROFILES, default=PROFILES, help="databases (both)"
    )
    parser.add_argument("--workers", type=int, default=4, help="runs at the same time (4)")
    parser.add_argument("--no-peers", action="store_true", help="leave Celery and Prefect out")
    parser.add_argument("--keep", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    return parser.parse_args()


def _alone(table: Table, profile: str) -> None:
    with database(profile) as url:
        rates = inside("journal", url)
    table.add(
        "events stored, batches of 500", profile, rates, unit="/s", least=EVENT_TARGETS[profile]
    )
    with database(profile) as url:
        table.add(
            "starts by the bulk service", profile, inside("bulk", url), unit="/s", least=1_000
        )


def _served(table: Table, profile: str, workers: int) -> None:
    with database(profile) as url, running_server(url, workers) as server:
        short = workflow(server, "bench short", short_graph())
        chain = workflow(server, "bench forty", forty.chain())
        task = workflow(server, "bench one task", forty.one_task())
        completed(server, short)  # the first runs load every process
        ends = [completed(server, short) for _ in range(3)]
        table.add("short runs completed", profile, ends, unit="/s", least=60)
        forties = [forty.as_one_workflow(server, chain) for _ in range(ROUNDS * 3)]
        table.add("40 light tasks, one workflow", profile, forties, unit="s", most=0.25)
        separate = [forty.as_separate_runs(server, task) for _ in range(ROUNDS)]
        table.add("40 light tasks, 40 runs", profile, separate, unit="s", most=1.0)
        taken = accepted(server, short)
        table.add(
            "starts over HTTP, beside the workers", profile, [taken.a_second], unit="/s", least=100
        )
        table.add("the same, median of one start", profile, [taken.p50_ms], unit="ms")
        table.add("the same, slowest of a hundred", profile, [taken.p99_ms], unit="ms")


def _peers(table: Table, workers: int) -> None:
    found = peers.celery(workers)
    table.add("40 light tasks, one chain", "Celery, Redis", [found["chain"]], unit="s")
    table.add("40 light tasks, one group", "Celery, Redis", [found["group"]], unit="s")
    try:
        table.add("40 light tasks, one flow", "Prefect", [peers.prefect()["chain"]], unit="s")
    except (subprocess.CalledProcessError, AssertionError) as error:
        reason = str(error).splitlines()[0][:100]
        table.say("40 light tasks, one flow", "Prefect", f"did not come up: {reason}", "", "")


def _page(table: Table, workers: int) -> str:
    today = datetime.now(UTC)
    return "\n".join(
        (
            "# The whole server, measured",
            "",
            f"Written by `python -m benchmarks.server --keep`, {today.day} {today:%B %Y}.",
            "",
            f"* {python_build()}",
            f"* {processor()}, load {load()} at the end; {workers} workers",
            "",
            WORDS,
            "",
            "| what | on | measured | target | |",
            "| --- | --- | --- | --- | --- |",
            *table.lines,
            "",
        )
    )


if __name__ == "__main__":
    main()
