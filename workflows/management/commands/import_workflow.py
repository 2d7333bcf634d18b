"""``manage.py import_workflow``: keep files as workflows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from engine.errors import Problem, ProblemsError
from workflows.errors import NameTakenError
from workflows.importing import import_workflow, read_any
from workflows.management.owners import owner_named

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from django.contrib.auth.models import User


class Command(BaseCommand):
    help = (
        "Keep files as workflows: Zeal workflows, and graphs of ours as JSON or YAML. A workflow"
        " that is there gets a new version if its graph differs. Exit code 1 if a file was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="file", help="- reads stdin")
        parser.add_argument("--owner", default="", help="whose (the only administrator)")
        parser.add_argument("--dry-run", action="store_true", help="only check the files")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Each file by itself: one that is refused does not keep the others out."""
        owner = owner_named(options["owner"])
        refused = 0
        for name in options["files"]:
            try:
                self._take(owner, name, dry_run=options["dry_run"])
            except (ProblemsError, NameTakenError, OSError) as error:
                refused += 1
                problems = error.problems if isinstance(error, ProblemsError) else [error]
                self.stderr.write(f"{name}: refused")
                self._list(problems)
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files were refused")

    def _take(self, owner: User, name: str, *, dry_run: bool) -> None:
        document = read_any(owner=owner, document=_content(name))
        if dry_run:
            said = f"can run ({document.kind}, {len(document.graph.nodes)} nodes)"
        else:
            done = import_workflow(owner=owner, document=document)
            what = "new" if done.created else "next version" if done.changed else "unchanged"
            said = f"workflow {done.workflow.pk} {done.workflow.name!r}: {what}"
        self.stdout.write(f"{name}: {said}")
        self._list(document.warnings)

    def _list(self, problems: Iterable[Problem | Exception]) -> None:
        for problem in problems:
            kind = f"{problem.severity}: " if isinstance(problem, Problem) else ""
            self.stderr.write(f"  {kind}{problem}")


def _content(name: str) -> bytes:
    """No more of a file than a request could bring."""
    most: int = settings.API_MAX_BODY_BYTES
    with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"is larger than {most:,} bytes (limit: API_MAX_BODY_BYTES)")
    return content
