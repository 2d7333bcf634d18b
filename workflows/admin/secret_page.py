"""The page of a workflow's webhook secret: made, shown once, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.template.response import TemplateResponse

from workflows.signing import forget_secrets, has_secret, new_secret

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from workflows.models import Workflow


def secret_page(request: HttpRequest, workflow: Workflow, context: dict[str, Any]) -> HttpResponse:
    """POST makes a secret, or with ``forget`` takes all away; the answer alone shows a new one."""
    secret = ""
    if request.method == "POST":
        if "forget" in request.POST:
            forget_secrets(workflow)
        else:
            secret = new_secret(workflow)
        workflow.refresh_from_db()
    context |= {"workflow": workflow, "secret": secret, "has_secret": has_secret(workflow)}
    response = TemplateResponse(request, "admin/workflows/workflow/secret.html", context)
    response["Cache-Control"] = "no-store"
    return response
