"""The first page of the admin: what needs a person, what ran lately, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.admin import show
from workflows.admin.attention import attention
from workflows.selectors import executions_of, workflows_of

if TYPE_CHECKING:
    from django.http import HttpRequest

LATEST = 8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the caller's latest runs and workflows to the page's context, with one query each."""
    may = request.user.has_perm
    runs = executions_of(request.user)[:LATEST] if may("workflows.view_execution") else ()
    active = workflows_of(request.user).filter(archived=False).order_by("-updated_at")
    workflows = active[:LATEST] if may("workflows.view_workflow") else ()
    return context | {
        "title": "Reflow",
        "attention": attention(request.user),
        "runs": [show.run_row(run) for run in runs],
        "workflows": [
            {
                "pk": workflow.pk,
                "name": workflow.name,
                "about": show.first_line(workflow.description, 100),
                "changed": show.ago(workflow.updated_at),
            }
            for workflow in workflows
        ],
    }
