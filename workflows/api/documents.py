"""Shapes that exist for the OpenAPI document only: envelopes and errors."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from workflows.models import Status


class ProblemDocument(serializers.Serializer[Any]):
    where = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()
    node = serializers.CharField()
    port = serializers.CharField()
    hint = serializers.CharField(help_text="the nearest right name, or the fix")
    severity = serializers.ChoiceField(choices=["error", "warning"])
    title = serializers.CharField(required=False, help_text="of the node in Zeal")
    graph = serializers.CharField(required=False, help_text="the id of the node's graph in Zeal")


class ErrorDocument(serializers.Serializer[Any]):
    success = serializers.BooleanField(help_text="always false")
    error = serializers.CharField(help_text="for people")
    timestamp = serializers.IntegerField(help_text="milliseconds since the epoch")
    code = serializers.CharField(help_text="for programs; stable")
    problems = ProblemDocument(many=True, help_text="everything that is wrong, at once")


ERRORS: dict[Any, type[serializers.Serializer[Any]]] = dict.fromkeys(
    (400, 401, 403, 404, 405, 409, 413, 415, 429), ErrorDocument
)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="the same key with the same content answers the first run again",
)


class StartedData(serializers.Serializer[Any]):
    execution_id = serializers.CharField()
    status = serializers.CharField(help_text="always started")
    message = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class ResultData(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    execution_id = serializers.CharField()
    start_time = serializers.IntegerField(help_text="milliseconds since the epoch")
    end_time = serializers.IntegerField(allow_null=True)
    results = serializers.DictField(
        allow_null=True,
        help_text="status, execution_id, workflow_id, duration_ms, nodes_executed, nodes_failed, "
        "and outputs: the values of each outport in order",
    )
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    trace_session_id = serializers.CharField(allow_null=True)


class StatusData(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    result = ResultData(allow_null=True)


class CancelledData(serializers.Serializer[Any]):
    execution_id = serializers.CharField()
    status = serializers.CharField(help_text="always cancelled")


class Answer(serializers.Serializer[Any]):
    success = serializers.BooleanField(help_text="always true")
    timestamp = serializers.IntegerField(help_text="milliseconds since the epoch")


class StartedAnswer(Answer):
    data = StartedData()  # type: ignore[assignment]


class StatusAnswer(Answer):
    data = StatusData()  # type: ignore[assignment]


class CancelledAnswer(Answer):
    data = CancelledData()  # type: ignore[assignment]
