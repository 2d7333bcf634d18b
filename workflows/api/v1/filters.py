"""The query parameters that narrow a list; an unfit value is a 400 that names it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django_filters.fields import IsoDateTimeField

from workflows.models import (
    CircuitBreaker,
    CircuitKind,
    CircuitState,
    DeadLetter,
    DeliveryStatus,
    Execution,
    LetterStatus,
    Status,
    WebhookDelivery,
    Workflow,
    WorkflowVersion,
)

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)


class _MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A moment that every database can hold in every zone."""

    def clean(self, value: Any) -> datetime | None:
        moment = super().clean(value)
        if moment is not None and not EARLIEST <= moment <= LATEST:
            raise forms.ValidationError("must lie between 1970 and 3000", code="invalid")
        return moment  # type: ignore[no-any-return]


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = _MomentField


class IdFilter(django_filters.Filter):  # type: ignore[misc]
    """A whole number. Not NumberFilter: it takes 1e999999999 and works on it for hours."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=2**63 - 1, **kwargs)


class WorkflowFilter(django_filters.FilterSet):  # type: ignore[misc]
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=200)
    archived = django_filters.BooleanFilter()

    class Meta:
        model = Workflow
        fields = ("name", "archived")


class VersionFilter(django_filters.FilterSet):  # type: ignore[misc]
    workflow = IdFilter(field_name="workflow_id")
    checksum = django_filters.CharFilter(max_length=64)

    class Meta:
        model = WorkflowVersion
        fields = ("workflow", "checksum")


class DeadLetterFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.MultipleChoiceFilter(choices=LetterStatus.choices)
    workflow = IdFilter(field_name="workflow_id")
    execution = django_filters.CharFilter(field_name="execution__execution_id", max_length=128)
    node = django_filters.CharFilter(max_length=1000, strip=False)
    code = django_filters.CharFilter(max_length=64)
    fingerprint = django_filters.CharFilter(max_length=64)
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = DeadLetter
        fields = ("status", "workflow", "execution", "node", "code", "fingerprint")


class ExecutionFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.MultipleChoiceFilter(choices=Status.choices)
    workflow = IdFilter(field_name="workflow_id")
    version = IdFilter(field_name="version_id")
    source = django_filters.CharFilter(max_length=40)
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Execution
        fields = ("status", "workflow", "version", "source")


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.MultipleChoiceFilter(choices=DeliveryStatus.choices)
    execution_id = django_filters.CharFilter(field_name="execution__execution_id", max_length=128)

    class Meta:
        model = WebhookDelivery
        fields = ("status", "execution_id")


class BreakerFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.MultipleChoiceFilter(choices=CircuitState.choices)
    kind = django_filters.ChoiceFilter(choices=CircuitKind.choices)
    name = django_filters.CharFilter(max_length=300)

    class Meta:
        model = CircuitBreaker
        fields = ("state", "kind", "name")
