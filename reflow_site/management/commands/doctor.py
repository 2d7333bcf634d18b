"""``manage.py doctor``: what is configured, what can be reached, and what is missing."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from observability.health import Check, as_dicts, is_ready, measure_all
from reflow_site.configured import configured

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Say what is configured, reachable and missing. Exit code 1 if something needed is."
    requires_system_checks = ()  # a broken setting is what somebody looks for

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        checks, settings = measure_all(), configured()
        if options["json"]:
            answer = {"ready": is_ready(checks), "configured": settings, "checks": as_dicts(checks)}
            self.stdout.write(json.dumps(answer, indent=2))
        else:
            console = Console(file=cast("IO[str]", self.stdout))
            console.print(_configured_table(settings))
            console.print(_checks_table(checks))
        if not is_ready(checks):
            broken = [check.name for check in checks if check.needed and not check.works]
            raise CommandError(f"needed, and broken: {', '.join(broken)}")


def _configured_table(settings: dict[str, str]) -> Table:
    table = Table("setting", "value", title="configured", title_justify="left")
    for name, value in settings.items():
        table.add_row(name, escape(value))
    return table


def _checks_table(checks: list[Check]) -> Table:
    table = Table("part", "works", "found", "ms", title="measured", title_justify="left")
    for check in checks:
        failed = "[bold red]no" if check.needed else "[yellow]not now"
        works = "[green]yes" if check.works else failed
        table.add_row(check.name, works, escape(check.found), f"{check.duration_ms:g}")
    return table
