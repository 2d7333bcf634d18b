"""The page "Storage": what is kept, for how long, what retention did, and a button for a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from workflows import stored
from workflows.admin import show
from workflows.admin.read_only import ReadOnlyAdmin
from workflows.hints import hint_prune
from workflows.models import PruneRun

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

PASSES = 10  # the last ones
PRUNE = "workflows.add_prunerun"
RETENTION = {  # setting -> (what, unit)
    "RETENTION_EVENTS_DAYS": ("events of a run, after its end", "days"),
    "RETENTION_EXECUTIONS_DAYS": ("a run with all that belongs to it, after its end", "days"),
    "RETENTION_RUNS_PER_WORKFLOW": ("ended runs of one workflow, the newest", "runs"),
    "RETENTION_PAYLOADS_DAYS": ("large texts of a run, after its end", "days"),
}


@admin.register(PruneRun)
class StorageAdmin(ReadOnlyAdmin):
    """One page in the place of a list: who may see passes sees it, who may add one may ask for one.

    It shows numbers of the whole server, and nothing that belongs to a user.
    """

    def get_urls(self) -> list[URLPattern]:
        prune = self.admin_site.admin_view(self.prune_now)
        return [path("prune", prune, name="workflows_prunerun_prune"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | _page() | (extra_context or {})
        context["may_prune"] = request.user.has_perm(PRUNE)
        return TemplateResponse(request, "admin/workflows/storage.html", context)

    def prune_now(self, request: HttpRequest) -> HttpResponse:
        """Ask the workers for a pass."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(PRUNE):
            raise PermissionDenied
        if hint_prune():
            messages.success(request, "A pass is queued: a worker does it as soon as one is free.")
        else:
            messages.error(
                request, "The broker took no message, so no pass is queued. Try manage.py prune."
            )
        return HttpResponseRedirect(reverse("admin:workflows_prunerun_changelist"))


def _page() -> dict[str, Any]:
    run, day = stored.oldest()
    return {
        "title": "Storage",
        "database": stored.database(),
        "payloads": stored.payloads(),
        "place": "S3" if settings.PAYLOAD_STORAGE == "s3" else "files",
        "inline_bytes": settings.PAYLOAD_INLINE_BYTES,
        "oldest_run": show.ago(run),
        "oldest_events": day,
        "next": stored.next_pass(),
        "settings": [_setting(name) for name in RETENTION],
        "passes": [_pass(done) for done in PruneRun.objects.all()[:PASSES]],
    }


def _setting(name: str) -> dict[str, str]:
    what, unit = RETENTION[name]
    value = getattr(settings, name)
    unit = unit.removesuffix("s") if value == 1 else unit
    return {"name": name, "what": what, "kept": f"{value:,} {unit}" if value else "no limit"}


def _pass(done: PruneRun) -> dict[str, Any]:
    took = (done.finished_at - done.started_at).total_seconds()
    if done.error:
        end = f"broke off: {done.error}"
    else:
        end = "done" if done.complete else "its time was over; the next one goes on"
    return {
        "row": done,
        "at": show.ago(done.started_at),
        "took": show.milliseconds(took * 1000),
        "end": end,
    }
