"""Templates that were registered with a Zeal."""

from __future__ import annotations

from django.db import models


class TemplateState(models.TextChoices):
    """What a Zeal has of one of our templates."""

    REGISTERED = "registered"  # this very one, as far as we know
    OUTDATED = "outdated"  # an older one, or one that we cannot compare
    REFUSED = "refused"  # none


class ZealTemplate(models.Model):
    """One template at one Zeal: registering never changes what is there, so we remember it."""

    zeal = models.CharField(max_length=500)  # its address
    namespace = models.CharField(max_length=200)
    name = models.CharField(max_length=200)  # the id inside the namespace
    checksum = models.CharField(max_length=32, blank=True)  # of what Zeal has; empty: not known
    state = models.CharField(max_length=10, choices=TemplateState.choices)
    error = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("zeal", "namespace", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("zeal", "namespace", "name"), name="zeal_template_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}: {self.state}"
