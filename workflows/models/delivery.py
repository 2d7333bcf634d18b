"""Webhooks on their way."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from workflows.models.execution import Execution


class DeliveryStatus(models.TextChoices):
    """Where a webhook delivery stands."""

    PENDING = "pending"  # also between two attempts
    DELIVERED = "delivered"
    FAILED = "failed"  # trying again would be of no use
    GAVE_UP = "gave_up"


class WebhookDelivery(models.Model):
    """The end of one run, on its way to the address that its caller gave."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="deliveries")
    url = models.TextField()
    headers = models.TextField(default="{}")  # the caller's, secrets among them: never shown
    body = models.TextField()  # exactly what is sent
    status = models.CharField(
        max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()  # not sent before
    give_up_at = models.DateTimeField()
    hinted_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveIntegerField(null=True, blank=True)  # of the HTTP answer
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name_plural = "webhook deliveries"
        indexes = (
            models.Index(
                fields=("next_at",),
                condition=Q(status=DeliveryStatus.PENDING),
                name="delivery_due",
            ),
            models.Index(fields=("owner", "-created_at"), name="delivery_of_owner"),
        )

    def __str__(self) -> str:
        return f"{self.execution_id}: {self.status}"
