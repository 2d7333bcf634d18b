"""Versions in the admin: read only, reached from a workflow or an execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import Http404
from django.template.response import TemplateResponse

from workflows.admin import show
from workflows.admin.checking import check_text
from workflows.admin.read_only import ReadOnlyAdmin
from workflows.models import WorkflowVersion
from workflows.selectors import versions_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(ReadOnlyAdmin):
    """A user's own versions; nobody adds, changes or deletes one by hand."""

    list_display = ("__str__", "workflow", "checksum", "saved", "created_by")
    list_per_page = 50

    @admin.display(description="Saved", ordering="created_at")
    def saved(self, version: WorkflowVersion) -> SafeString | str:
        return show.ago(version.created_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowVersion]:
        return versions_of(request.user)

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        if version is None or not self.has_view_permission(request, version):
            raise Http404
        title = f"{version.workflow}, {version}" if version.workflow else str(version)
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "original": version,
            "version": version,
            "saved": show.ago(version.created_at),
            "text": show.pretty(version.graph),
            "drawing": check_text(version.graph).drawing(),
        }
        return TemplateResponse(request, "admin/workflows/workflowversion/page.html", context)
