"""What the resources look like, and what their bodies may say."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from workflows.api.strict import StrictInput
from workflows.api.view import caller
from workflows.models import (
    EXECUTION_ID,
    MOST_KEEP_DAYS,
    Execution,
    WebhookDelivery,
    WhenFull,
    Workflow,
    WorkflowVersion,
)
from workflows.payloads import read_data
from workflows.selectors import versions_of, waiting_reason, workflow_to_run, workflows_of

if TYPE_CHECKING:
    from django.db.models import QuerySet


class ObjectText(serializers.DictField):
    """A JSON object that is stored as text, wherever that is.

    If the text is gone, the object is ``{"payload_missing": why}``.
    """

    def to_representation(self, value: Any) -> Any:
        return read_data(value) if value else None


class WorkflowRow(serializers.ModelSerializer[Workflow]):
    version = serializers.IntegerField(source="current.number", default=None, read_only=True)

    class Meta:
        model = Workflow
        fields: tuple[str, ...] = (
            "id",
            "name",
            "description",
            "version",
            "archived",
            "zeal_id",
            "max_concurrent",
            "when_full",
            "keep_days",
            "keep_runs",
            "created_at",
            "updated_at",
        )
        read_only_fields: tuple[str, ...] = fields


class WorkflowDetail(WorkflowRow):
    graph = ObjectText(source="current.graph", default=None, read_only=True)

    class Meta(WorkflowRow.Meta):
        fields: tuple[str, ...] = (*WorkflowRow.Meta.fields, "graph")
        read_only_fields: tuple[str, ...] = fields


class _Slots(serializers.IntegerField):
    """Runs at once; null: as many as there are workers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**31 - 1, allow_null=True, **options)


class _Kept(serializers.IntegerField):
    """How long runs are kept; null: as the server's settings say."""

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(min_value=0, max_value=most, allow_null=True, required=False, **options)


class WorkflowInput(StrictInput):
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(allow_blank=True, default="", max_length=10_000)
    graph = serializers.DictField(help_text="Reflow's GraphExport")
    max_concurrent = _Slots(required=False)
    when_full = serializers.ChoiceField(choices=WhenFull.choices, required=False)
    keep_days = _Kept(MOST_KEEP_DAYS, help_text="days a run is kept after its end; 0: for ever")
    keep_runs = _Kept(2**31 - 1, help_text="ended runs that are kept, the newest; 0: any number")


class WorkflowPatch(StrictInput):
    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(allow_blank=True, required=False, max_length=10_000)
    archived = serializers.BooleanField(required=False)
    max_concurrent = _Slots(required=False)
    when_full = serializers.ChoiceField(choices=WhenFull.choices, required=False)
    keep_days = _Kept(MOST_KEEP_DAYS, help_text="days a run is kept after its end; 0: for ever")
    keep_runs = _Kept(2**31 - 1, help_text="ended runs that are kept, the newest; 0: any number")
    graph = serializers.DictField(required=False, help_text="another one makes a version")


class VersionRow(serializers.ModelSerializer[WorkflowVersion]):
    created_by = serializers.CharField(source="created_by.username", default=None, read_only=True)

    class Meta:
        model = WorkflowVersion
        fields: tuple[str, ...] = (
            "id",
            "workflow",
            "number",
            "checksum",
            "created_at",
            "created_by",
        )
        read_only_fields: tuple[str, ...] = fields


class VersionDetail(VersionRow):
    graph = ObjectText(read_only=True)

    class Meta(VersionRow.Meta):
        fields: tuple[str, ...] = (*VersionRow.Meta.fields, "graph")
        read_only_fields: tuple[str, ...] = fields


class NodeInput(StrictInput):
    id = serializers.CharField(max_length=1000, trim_whitespace=False)
    component = serializers.CharField(max_length=128)
    metadata = serializers.DictField(required=False, help_text="the node's settings")


class NodePatch(StrictInput):
    component = serializers.CharField(max_length=128, required=False)
    metadata = serializers.DictField(required=False, help_text="takes the place of the old")


class ConnectionEnds(StrictInput):
    from_node = serializers.CharField(max_length=1000, trim_whitespace=False)
    from_port = serializers.CharField(max_length=1000, trim_whitespace=False)
    to_node = serializers.CharField(max_length=1000, trim_whitespace=False)
    to_port = serializers.CharField(max_length=1000, trim_whitespace=False)


class ConnectionInput(ConnectionEnds):
    metadata = serializers.DictField(required=False)


class ExecutionRow(serializers.ModelSerializer[Execution]):
    class Meta:
        model = Execution
        fields: tuple[str, ...] = (
            "execution_id",
            "status",
            "workflow",
            "version",
            "workflow_label",
            "source",
            "start_node",
            "priority",
            "created_at",
            "started_at",
            "finished_at",
            "duration_ms",
            "nodes_executed",
            "nodes_failed",
            "dead_letters",
            "last_seq",
            "attempt",
            "error",
            "error_code",
            "cancel_requested_at",
            "pinned",
            "events_pruned_at",
            "pause_requested_at",
            "paused_at",
        )
        read_only_fields: tuple[str, ...] = fields


class ExecutionDetail(ExecutionRow):
    input = ObjectText(read_only=True)
    metadata = serializers.SerializerMethodField()
    result = ObjectText(read_only=True, allow_null=True)
    warnings = serializers.SerializerMethodField()
    waiting_reason = serializers.SerializerMethodField(
        help_text="why a queued or paused run does not go on; empty in the answer to its start"
    )

    class Meta(ExecutionRow.Meta):
        fields: tuple[str, ...] = (
            *ExecutionRow.Meta.fields,
            "input",
            "metadata",
            "result",
            "warnings",
            "waiting_reason",
        )
        read_only_fields: tuple[str, ...] = fields

    def get_metadata(self, execution: Execution) -> dict[str, Any]:
        """The caller's words; the headers for its webhook are secrets and stay inside."""
        metadata = json.loads(execution.metadata)
        return {key: value for key, value in metadata.items() if key != "webhook_headers"}

    def get_warnings(self, execution: Execution) -> list[str]:
        return json.loads(execution.warnings)  # type: ignore[no-any-return]

    def get_waiting_reason(self, execution: Execution) -> str:
        return waiting_reason(execution)


class _StartedDetail(ExecutionDetail):
    def get_waiting_reason(self, _execution: Execution) -> str:
        """Nothing yet: to find it takes five statements, and a worker has just been told."""
        return ""


def detail_of(execution: Execution) -> Any:
    """The document of a run."""
    return _detail(ExecutionDetail).to_representation(execution)


def started_detail_of(execution: Execution) -> Any:
    """The document of a run that was made just now."""
    return _detail(_StartedDetail).to_representation(execution)


@cache
def _detail(kind: type[ExecutionDetail]) -> ExecutionDetail:
    """One for all: the framework makes every field anew for each serializer."""
    return kind()


@extend_schema_field(int)
class _OwnWorkflow(serializers.PrimaryKeyRelatedField[Workflow]):
    def get_queryset(self) -> QuerySet[Workflow]:
        return workflows_of(caller(self.context["request"]))

    def to_internal_value(self, data: Any) -> Workflow:
        """The way of most starts is a short one; any other value goes the framework's way."""
        if type(data) is not int or not 0 < data < 2**63:
            return super().to_internal_value(data)
        workflow = workflow_to_run(caller(self.context["request"]), data)
        if workflow is None:
            self.fail("does_not_exist", pk_value=data)
        return workflow


@extend_schema_field(int)
class _OwnVersion(serializers.PrimaryKeyRelatedField[WorkflowVersion]):
    def get_queryset(self) -> QuerySet[WorkflowVersion]:
        return versions_of(caller(self.context["request"]))


class ExecutionInput(StrictInput):
    """What to run: exactly one of ``workflow``, ``version`` and ``graph``."""

    workflow = _OwnWorkflow(required=False)
    version = _OwnVersion(required=False)
    graph = serializers.DictField(required=False, help_text="Reflow's GraphExport")
    input = serializers.DictField(required=False)
    metadata = serializers.DictField(required=False)
    execution_id = serializers.RegexField(EXECUTION_ID, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("workflow", "version", "graph")) != 1:
            raise serializers.ValidationError("give exactly one of workflow, version and graph")
        if "workflow" in attrs and attrs["workflow"].current is None:
            raise serializers.ValidationError({"workflow": "has no version to run"})
        return attrs


class DeliveryRow(serializers.ModelSerializer[WebhookDelivery]):
    execution_id = serializers.CharField(source="execution.execution_id", read_only=True)

    class Meta:
        model = WebhookDelivery
        fields: tuple[str, ...] = (
            "id",
            "execution_id",
            "url",
            "status",
            "attempts",
            "next_at",
            "give_up_at",
            "last_status",
            "last_error",
            "created_at",
            "delivered_at",
        )
        read_only_fields: tuple[str, ...] = fields


class DeliveryDetail(DeliveryRow):
    body = ObjectText(read_only=True)

    class Meta(DeliveryRow.Meta):
        fields: tuple[str, ...] = (*DeliveryRow.Meta.fields, "body")
        read_only_fields: tuple[str, ...] = fields


class ExecutionPatch(StrictInput):
    pinned = serializers.BooleanField(help_text="kept for ever, with its events")


class PauseInput(StrictInput):
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)


class CancelInput(StrictInput):
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)
