"""Workflows in and out of the admin as documents: Zeal's format, ours, and YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import slugify

from engine.errors import ProblemsError
from workflows.admin.caller import caller
from workflows.importing import current_graph, export_zeal, import_workflow, read_any

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from engine.errors import Problem
    from workflows.importing import Document
    from workflows.models import Workflow

SHOWN = 200  # problems on the page
ENDINGS = {"zeal": "zeal.json", "reflow": "graph.json", "yaml": "graph.yaml"}


class ImportForm(forms.Form):
    """A document as a file or as text; ``document`` is what was read from it."""

    user: ClassVar[User]  # the caller; set on the subclass that serves one request

    file = forms.FileField(
        label="File",
        required=False,
        help_text="A Zeal workflow, or a graph of ours as JSON or YAML.",
        widget=forms.FileInput({"accept": ".json,.yaml,.yml"}),
    )
    text = forms.CharField(
        label="Or its text",
        required=False,
        strip=False,
        widget=forms.Textarea({"class": "rf-code", "spellcheck": "false", "wrap": "off"}),
    )

    document: Document | None = None
    problems: tuple[Problem, ...] = ()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        file, text = values.get("file"), values.get("text")
        if bool(file) == bool(text):
            raise ValidationError("Give a file or a text.", "one")
        limit = settings.API_MAX_BODY_BYTES
        if file and file.size > limit:
            raise ValidationError(f"The file is over {limit} bytes.", "body_too_large")
        try:
            self.document = read_any(owner=self.user, document=file.read() if file else str(text))
        except ProblemsError as error:
            self.problems = error.problems
            raise ValidationError(
                "This cannot run here; nothing was imported.", "refused"
            ) from error
        self.problems = self.document.warnings
        return values


def import_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The form; once it is sent, what is wrong with the document, or the page of its workflow."""
    form_class = type("OwnImportForm", (ImportForm,), {"user": caller(request)})
    sent = request.method == "POST"
    form = form_class(request.POST, request.FILES) if sent else form_class()
    if sent and form.is_valid() and "check" not in request.POST:
        done = import_workflow(owner=form.user, document=form.document)
        said = "is version" if done.changed else "has this graph already, as version"
        number = done.workflow.current.number if done.workflow.current else 0
        messages.success(request, f"{done.workflow} {said} {number}.")
        for problem in form.problems[:SHOWN]:
            messages.warning(request, str(problem))
        address = reverse("admin:workflows_workflow_change", args=(done.workflow.pk,))
        return HttpResponseRedirect(address)
    context |= {
        "form": form,
        "problems": form.problems[:SHOWN],
        "more_problems": max(len(form.problems) - SHOWN, 0),
        "checked": form.document and _about(form.document),
    }
    return TemplateResponse(request, "admin/workflows/workflow/import.html", context)


def _about(document: Document) -> dict[str, Any]:
    converted = document.converted
    return {
        "name": document.name,
        "nodes": len(document.graph.nodes),
        "connections": len(document.graph.connections),
        "environment": ", ".join(converted.environment) if converted else "",
    }


def download(workflow: Workflow, kind: str) -> HttpResponse:
    """The current version as a file.

    Raises:
        GraphError: it has no version yet.
    """
    if kind == "zeal":
        text = json.dumps(export_zeal(workflow).document, ensure_ascii=False, indent=2)
    elif kind == "reflow":
        text = json.dumps(current_graph(workflow).to_dict(), ensure_ascii=False, indent=2)
    else:
        text = current_graph(workflow).to_yaml()
    name = f"{slugify(workflow.name) or 'workflow'}.{ENDINGS[kind]}"
    kind_of_text = "application/yaml" if kind == "yaml" else "application/json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type=kind_of_text, headers=headers)
