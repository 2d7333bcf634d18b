"""``manage.py export_workflow``: the current version of a workflow as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from engine.codec import dumps
from engine.errors import ProblemsError
from workflows.importing import current_graph, export_zeal
from workflows.management.owners import owner_named
from workflows.starts import named_workflow

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from workflows.models import Workflow

FORMATS = ("reflow", "yaml", "zeal")


class Command(BaseCommand):
    help = "Print the current version of a workflow as a document."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workflow", help="its id, its name, or its id in Zeal")
        parser.add_argument("--format", choices=FORMATS, default="reflow", help="(reflow)")
        parser.add_argument("--owner", default="", help="whose (the only administrator)")

    def handle(self, *_args: Any, **options: Any) -> None:
        owner = owner_named(options["owner"])
        workflow = named_workflow(owner, options["workflow"])
        if workflow is None:
            raise CommandError(f"{owner} has no workflow {options['workflow']!r}")
        try:
            self.stdout.write(self._document(workflow, options["format"]))
        except ProblemsError as error:
            raise CommandError(str(error)) from error

    def _document(self, workflow: Workflow, form: str) -> str:
        if form == "zeal":
            exported = export_zeal(workflow)
            for warning in exported.warnings:
                self.stderr.write(f"warning: {warning}")
            return dumps(exported.document)
        graph = current_graph(workflow)
        return graph.to_yaml() if form == "yaml" else graph.to_json()
