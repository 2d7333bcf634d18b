"""Zeal in the admin: how it stands, the session of each run, and sending a run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils import timezone

from engine.errors import ConfigError
from observability.models import TraceSession
from observability.zeal.config import zeal_config
from observability.zeal.progress import send_again
from observability.zeal.report import standing
from workflows.admin import show
from workflows.admin.read_only import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


@admin.register(TraceSession)
class TraceSessionAdmin(ReadOnlyAdmin):
    """How far each run of a user's own is told to Zeal; nobody edits it."""

    list_display = (
        "run",
        "state",
        "profile",
        "sent",
        "lag",
        "dropped",
        "repeated",
        "live",
        "live_sent",
        "error_line",
        "created",
    )
    list_filter = ("state", "live", "profile", ("created_at", admin.DateFieldListFilter))
    list_before_template = "admin/observability/tracesession/standing.html"
    search_fields = ("execution__execution_id", "session_id")
    search_help_text = "Search by execution id or Zeal's session"
    list_per_page = 50
    actions = ("resend",)
    fields = readonly_fields = (
        "execution",
        "zeal",
        "workflow_id",
        "session_id",
        "state",
        "profile",
        "trace_seq",
        "sent",
        "dropped",
        "repeated",
        "without_messages",
        "resends",
        "fails",
        "next_try",
        "last_error",
        "last_error_at",
        "live",
        "live_seq",
        "live_sent",
        "live_dropped",
        "live_repeated",
        "live_error",
        "created_at",
        "ended_at",
    )

    @admin.display(description="Execution", ordering="execution__execution_id")
    def run(self, session: TraceSession) -> str:
        return session.execution.execution_id

    @admin.display(description="To tell")
    def lag(self, session: TraceSession) -> int:
        return max(0, session.execution.last_seq - session.trace_seq)

    @admin.display(description="Last error")
    def error_line(self, session: TraceSession) -> str:
        return show.first_line(session.last_error or session.live_error) or show.EMPTY

    @admin.display(description="Created", ordering="created_at")
    def created(self, session: TraceSession) -> SafeString | str:
        return show.ago(session.created_at)

    @admin.action(description="Send again, as a new session", permissions=("resend",))
    def resend(self, request: HttpRequest, chosen: QuerySet[TraceSession]) -> None:
        gone = chosen.filter(execution__events_pruned_at__isnull=False).count()
        for session in chosen.filter(execution__events_pruned_at__isnull=True):
            send_again(session)
            self.log_change(request, session, "Sent again.")
        rest = f" {gone} cannot: retention has removed their events." if gone else ""
        self.message_user(request, f"{len(chosen) - gone} will be sent again.{rest}")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        facts = standing_facts()
        found: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **facts})
        return found

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("observability.change_tracesession")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TraceSession]:
        rows = TraceSession.objects.filter(execution__owner_id=request.user.pk)
        return rows.select_related("execution").defer("execution__input", "execution__result")


def standing_facts() -> dict[str, Any]:
    """What stands above the list; of errors only the process's own, which name no run."""
    try:
        config = zeal_config()
    except ConfigError as error:
        return {"zeal_trouble": str(error)}
    if config is None:
        return {"zeal_trouble": "Headless: ZEAL_URL is empty, so nothing is ever sent."}
    found = standing(config)
    return {"zeal": found, "zeal_url": config.url, "now": timezone.now()}
