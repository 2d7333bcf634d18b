"""``manage.py prune``: remove what retention lets go, now, and say how much."""

from __future__ import annotations

import signal
from argparse import ArgumentTypeError
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from workflows.pruning import Pace, PruneBusyError, prune
from workflows.retention import Policy, what_is_due

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from workflows.models import PruneRun

DAY = 86_400.0
TOLD = 20_000  # events between two lines of progress


class Command(BaseCommand):
    help = "Remove old runs and events as the retention settings say; safe while the server runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument("--events-only", action="store_true", help="keep the runs themselves")
        parser.add_argument(
            "--executions-days",
            type=_days,
            metavar="N",
            help="instead of RETENTION_EXECUTIONS_DAYS",
        )
        parser.add_argument(
            "--events-days", type=_days, metavar="N", help="instead of RETENTION_EVENTS_DAYS"
        )
        parser.add_argument(
            "--seconds", type=float, default=DAY, help="stop after so many; default: a day"
        )
        parser.add_argument(
            "--no-rest", action="store_true", help="faster; others wait longer for the database"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        policy = Policy.from_settings()
        given = {name: options[name] for name in ("executions_days", "events_days")}
        given = {name: days for name, days in given.items() if days is not None}
        policy = replace(policy, **given)
        if options["dry_run"]:
            self._forecast(policy, events_only=options["events_only"])
            return
        pace = Pace(options["seconds"], rest=0.0 if options["no_rest"] else 1.0)
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: pace.stop.set())
        try:
            done = prune(
                source="command",
                policy=policy,
                pace=pace,
                events_only=options["events_only"],
                tell=self._progress(),
            )
        except PruneBusyError as error:
            raise CommandError(str(error)) from error
        self._report(done)

    def _forecast(self, policy: Policy, *, events_only: bool) -> None:
        due = what_is_due(policy)
        self.stdout.write(f"would go: about {due.events} events of {due.runs_with_events} runs")
        if not events_only:
            self.stdout.write(
                f"would go: {due.executions} runs, {due.versions} posted graphs without a run"
            )

    def _progress(self) -> Any:
        told = 0

        def tell(done: PruneRun) -> None:
            nonlocal told
            if done.events // TOLD > told:
                told = done.events // TOLD
                self.stdout.write(f"{done.events} events, {done.executions} runs so far")

        return tell

    def _report(self, done: PruneRun) -> None:
        seconds = (done.finished_at - done.started_at).total_seconds()
        self.stdout.write(
            f"removed {done.events} events, {done.executions} runs"
            f" and {done.versions} posted graphs in {seconds:.1f} s"
            + (f"; {done.partitions} partitions were dropped" if done.partitions else "")
            + (f"; {done.payloads} files, {done.payload_bytes} bytes" if done.payloads else "")
        )
        if done.error:
            raise CommandError(f"it broke off: {done.error}")
        if not done.complete:
            self.stdout.write("stopped before the end; the next pass goes on")


def _days(text: str) -> int:
    try:
        days = int(text)
    except ValueError:
        days = -1
    if days < 0:
        raise ArgumentTypeError(f"{text!r} is no number of days, 0 or more (0: for ever)")
    return days
