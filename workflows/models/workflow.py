"""What a user keeps: workflows and their versions."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

MOST_KEEP_DAYS = 36_500


class WhenFull(models.TextChoices):
    """What a start does when a workflow has as many runs as it may have at once."""

    QUEUE = "queue", "Queue: it waits for a slot"
    REJECT = "reject", "Reject: it is refused"
    REPLACE = "replace", "Replace: the oldest run is cancelled for it"


class Workflow(models.Model):
    """A graph that its owner keeps under a name, as a series of versions."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="workflows")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    current = models.ForeignKey(
        "WorkflowVersion", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    archived = models.BooleanField(default=False)
    zeal_id = models.CharField(  # of the workflow in Zeal
        max_length=200, blank=True, default="", db_default=""
    )
    max_concurrent = models.PositiveIntegerField(
        null=True, blank=True, validators=(MinValueValidator(1),)
    )  # runs at once; None: as many as there are workers
    when_full = models.CharField(max_length=10, choices=WhenFull.choices, default=WhenFull.QUEUE)
    # How long runs are kept: None as the server's settings say, 0 for ever.
    keep_days = models.PositiveIntegerField(
        null=True, blank=True, validators=(MaxValueValidator(MOST_KEEP_DAYS),)
    )
    keep_runs = models.PositiveIntegerField(null=True, blank=True)  # the newest ended ones
    # JSON, the newest first: what signs its webhooks. Nothing shows them.
    webhook_secrets = models.TextField(default="[]", db_default="[]", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint("owner", "name", name="workflow_name_once"),
            models.UniqueConstraint(
                "owner", "zeal_id", condition=~Q(zeal_id=""), name="workflow_zeal_id_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="workflow_has_a_name"),
            models.CheckConstraint(
                condition=Q(max_concurrent__isnull=True) | Q(max_concurrent__gte=1),
                name="workflow_has_a_slot",
            ),
            models.CheckConstraint(
                condition=Q(when_full__in=WhenFull.values), name="workflow_when_full_known"
            ),
        )

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """One graph, never changed. Without a workflow: a graph that was posted to run once."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    workflow = models.ForeignKey(
        Workflow, models.CASCADE, null=True, blank=True, related_name="versions"
    )
    number = models.PositiveIntegerField(null=True, blank=True)  # from 1 within its workflow
    graph = models.TextField()  # Reflow's GraphExport; jsonb would turn 1e16 into an int
    checksum = models.CharField(max_length=64)  # Graph.checksum()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint("workflow", "number", name="version_number_once"),
            models.UniqueConstraint(
                "owner",
                "checksum",
                condition=Q(workflow__isnull=True),
                name="version_posted_once",
            ),
            models.CheckConstraint(
                condition=Q(workflow__isnull=True, number__isnull=True)
                | Q(workflow__isnull=False, number__isnull=False, number__gte=1),
                name="version_number_within_workflow",
            ),
        )

    def __str__(self) -> str:
        return f"version {self.number}" if self.number else f"graph {self.checksum[:8]}"
