"""Large texts that stand outside the database, and who uses them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from workflows.models.execution import Execution


class Payload(models.Model):
    """One text in the payload storage, under its owner and its content's hash."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)  # sha256 of its UTF-8 bytes
    size_bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint("owner", "digest", name="payload_once"),)

    def __str__(self) -> str:
        return f"sha256:{self.digest}"


class PayloadUse(models.Model):
    """A run needs a payload, for this part of it; without any use the payload is removed."""

    payload = models.ForeignKey(Payload, models.PROTECT, related_name="uses")
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="payloads")
    part = models.CharField(max_length=10)  # input, result, letter, journal, event

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint("execution", "payload", "part", name="payload_use_once"),
        )

    def __str__(self) -> str:
        return f"{self.part} of {self.execution_id}"
