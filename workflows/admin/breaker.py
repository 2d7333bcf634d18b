"""Circuit breakers in the admin: how each stands, and closing it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin

from workflows.admin import show
from workflows.admin.read_only import ReadOnlyAdmin
from workflows.circuits import reset
from workflows.models import CircuitBreaker
from workflows.selectors import breakers_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


@admin.register(CircuitBreaker)
class CircuitBreakerAdmin(ReadOnlyAdmin):
    """The breakers that a user's runs share; nobody edits one, but it can be closed."""

    list_display = ("name", "kind", "standing", "changed", "failures", "error_line", "opened_total")
    list_filter = ("state", "kind", ("since", admin.DateFieldListFilter))
    search_fields = ("name", "last_error")
    search_help_text = "Search by name or error"
    list_per_page = 50
    actions = ("close",)
    fields = readonly_fields = (
        "name",
        "kind",
        "standing",
        "since",
        "failures",
        "retry_at",
        "probes",
        "last_error",
        "last_error_at",
        "failures_total",
        "opened_total",
        "created_at",
    )

    @admin.display(description="State", ordering="state")
    def standing(self, breaker: CircuitBreaker) -> SafeString:
        return show.breaker_badge(breaker.state)

    @admin.display(description="Since", ordering="since")
    def changed(self, breaker: CircuitBreaker) -> SafeString | str:
        return show.ago(breaker.since)

    @admin.display(description="Last error")
    def error_line(self, breaker: CircuitBreaker) -> str:
        return show.first_line(breaker.last_error) or show.EMPTY

    @admin.action(description="Reset: close, and count anew", permissions=("reset",))
    def close(self, request: HttpRequest, chosen: QuerySet[CircuitBreaker]) -> None:
        for breaker in chosen:
            reset(breaker)
            self.log_change(request, breaker, "Reset.")
        self.message_user(request, f"Reset: {len(chosen)}. Workers know within a second.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_reset"] = self.has_reset_permission(request)
        return cast("HttpResponse", super().render_change_form(request, context, *args, **kwargs))

    def has_reset_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_circuitbreaker")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CircuitBreaker]:
        return breakers_of(request.user)
