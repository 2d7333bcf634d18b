"""Many starts in one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from engine.graph import Graph
from workflows.api.documents import ERRORS
from workflows.api.strict import StrictInput
from workflows.api.v1.serializers import ExecutionInput
from workflows.api.view import ApiView, caller
from workflows.bulk import Item, start_executions
from workflows.models import EXECUTION_ID

if TYPE_CHECKING:
    from rest_framework.request import Request

    from workflows.bulk import Answer


class BulkStartItem(StrictInput):
    input = serializers.DictField(required=False)
    metadata = serializers.DictField(required=False)
    execution_id = serializers.RegexField(EXECUTION_ID, required=False, default="")


class BulkStartInput(ExecutionInput):
    """What to run, once for each item: one of ``workflow``, ``version`` and ``graph``."""

    input = None  # type: ignore[assignment]  # an item's
    metadata = None  # type: ignore[assignment]
    execution_id = None  # type: ignore[assignment]
    items = BulkStartItem(many=True, allow_empty=False)

    def validate_items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(items) > settings.BULK_LIMIT:
            text = f"{len(items)} items, more than {settings.BULK_LIMIT} (limit: BULK_LIMIT)"
            raise serializers.ValidationError(text)
        return items


class BulkStartRow(serializers.Serializer[Any]):
    execution_id = serializers.CharField(help_text="empty if there is no run")
    result = serializers.ChoiceField(choices=("created", "existing", "refused"))
    error = serializers.CharField(help_text="why it was refused; else empty")
    code = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())


class BulkStartAnswer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    existing = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = BulkStartRow(many=True, help_text="in the order of the items")


@extend_schema(tags=["executions"])
class BulkStart(ApiView):
    """Starts of one graph with many inputs."""

    @extend_schema(request=BulkStartInput, responses={202: BulkStartAnswer, **ERRORS})
    def post(self, request: Request) -> Response:
        """Queue a run for each item. What the limits leave no room for is refused, item by item."""
        body = BulkStartInput(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        items = [Item(**item) for item in given.pop("items")]
        if "graph" in given:
            given["graph"] = Graph.from_json(given["graph"])
        rows = [
            _row(item) for item in start_executions(owner=caller(request), items=items, **given)
        ]
        counts = {
            name: sum(row["result"] == name for row in rows)
            for name in ("created", "existing", "refused")
        }
        return Response({**counts, "results": rows}, status=202)


def _row(answer: Answer) -> dict[str, Any]:
    known = "created" if answer.created else "existing"
    return {
        "execution_id": answer.execution.execution_id if answer.execution else "",
        "result": known if answer.execution else "refused",
        "error": answer.error,
        "code": answer.code,
        "warnings": list(answer.warnings),
    }
