"""The last word on each Zeal."""

from __future__ import annotations

from django.db import models


class ZealStatus(models.Model):
    """What the processes that talk to a Zeal have to say, for ``doctor`` and ``/health``."""

    zeal = models.CharField(max_length=500, primary_key=True)  # its address
    templates_total = models.PositiveIntegerField(default=0)  # of the last registration
    templates_at = models.DateTimeField(null=True, blank=True)  # when it ended
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "zeal statuses"

    def __str__(self) -> str:
        return self.zeal
