"""``manage.py register_templates``: make the components known to Zeal's palette."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError

from engine.errors import ConfigError
from observability.zeal import library
from observability.zeal.client import ZealClient
from observability.zeal.config import zeal_config
from observability.zeal.registering import register, templates
from observability.zeal.templates import problems_of
from workflows.surroundings import registry

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from observability.zeal.config import ZealConfig
    from observability.zeal.registration import Report


class Command(BaseCommand):
    help = "Register the components with Zeal as templates; safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="send nothing; print what would be sent, a line of JSON for each",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            config = zeal_config()
        except ConfigError as error:
            raise CommandError(str(error)) from error
        if options["dry_run"]:
            self._show()
        elif config is None:
            raise CommandError("ZEAL_URL is empty, so there is no Zeal to register with")
        else:
            report, trouble = async_to_sync(_register)(config)
            if trouble:
                self.stderr.write(f"categories: {trouble}")
            self._tell(report, config)

    def _show(self) -> None:
        for category in library.categories(registry()):
            self.stdout.write(json.dumps({"category": category}))
        wrong = count = 0
        for template in templates():
            count += 1
            self.stdout.write(json.dumps({"template": template}))
            for problem in problems_of(template):
                wrong += 1
                self.stderr.write(str(problem))
        self.stderr.write(f"{count} templates would be sent; problems: {wrong}")
        if wrong:
            raise CommandError("Zeal would refuse some of them")

    def _tell(self, report: Report, config: ZealConfig) -> None:
        for line in report.told:
            self.stderr.write(line)
        self.stdout.write(
            f"{report.total} templates at {config.url} as {config.namespace}: "
            f"{report.registered} registered, {report.unchanged} unchanged, "
            f"{report.updated} updated, {report.outdated} may be out of date, "
            f"{report.refused} refused"
        )
        if report.outdated:
            self.stdout.write(
                "This Zeal cannot change a template that it has: those stay as they are."
            )
        if report.stopped:
            raise CommandError(f"stopped: {report.stopped}")
        if report.refused:
            raise CommandError("some templates were refused")


async def _register(config: ZealConfig) -> tuple[Report, str]:
    async with ZealClient(config) as client:
        return await register(client)
