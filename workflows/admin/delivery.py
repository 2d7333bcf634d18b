"""Webhook deliveries in the admin: what became of each, and sending them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from workflows import services
from workflows.admin import show
from workflows.admin.read_only import ReadOnlyAdmin
from workflows.models import WebhookDelivery
from workflows.selectors import deliveries_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """The webhooks of a user's own runs. Their headers hold secrets and are not shown."""

    list_display = ("run", "url", "status", "attempts", "last_status", "last_error", "created")
    list_filter = ("status", ("created_at", admin.DateFieldListFilter))
    search_fields = ("execution__execution_id", "url")
    search_help_text = "Search by execution id or address"
    list_per_page = 50
    actions = ("redeliver",)
    fields = readonly_fields = (
        "id",
        "execution",
        "url",
        "status",
        "attempts",
        "next_at",
        "give_up_at",
        "last_status",
        "last_error",
        "created_at",
        "delivered_at",
        "body",
    )

    @admin.display(description="Execution", ordering="execution__execution_id")
    def run(self, delivery: WebhookDelivery) -> str:
        return delivery.execution.execution_id

    @admin.display(description="Created", ordering="created_at")
    def created(self, delivery: WebhookDelivery) -> SafeString | str:
        return show.ago(delivery.created_at)

    @admin.action(description="Send again", permissions=("redeliver",))
    def redeliver(self, request: HttpRequest, chosen: QuerySet[WebhookDelivery]) -> None:
        for delivery in chosen:
            services.redeliver_webhook(delivery=delivery)
            self.log_change(request, delivery, "Sent again.")
        self.message_user(request, f"{len(chosen)} will be sent again.")

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_webhookdelivery")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        return deliveries_of(request.user)
