"""Firings in doubt: what a run waits with, and what is to become of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from workflows.api.commands import checked, find_execution
from workflows.api.documents import ERRORS
from workflows.api.strict import StrictInput
from workflows.api.v1.serializers import ExecutionDetail, ObjectText, detail_of
from workflows.api.view import ApiView, caller
from workflows.in_doubt import decide
from workflows.models import DoubtAction, DoubtfulFiring

if TYPE_CHECKING:
    from rest_framework.request import Request

MOST_IDS = 1_000
MAX_ID = 2**63 - 1


class DoubtRow(serializers.ModelSerializer[DoubtfulFiring]):
    inputs = ObjectText(help_text="the messages by inport, tagged; the beginning of large ones")
    action = serializers.CharField(help_text="what was decided; empty: nothing yet")

    class Meta:
        model = DoubtfulFiring
        fields = (
            "id",
            "node",
            "component",
            "key",
            "digest",
            "inputs",
            "incomplete",
            "begun_at",
            "worker",
            "attempt",
            "action",
            "decided_by",
            "decided_at",
        )
        read_only_fields = fields


class DecisionInput(StrictInput):
    """What becomes of firings in doubt: those of ``ids``, or all that are open."""

    action = serializers.ChoiceField(choices=DoubtAction.choices)
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MAX_ID),
        required=False,
        min_length=1,
        max_length=MOST_IDS,
        help_text="without them all that are open",
    )
    outputs = serializers.DictField(
        required=False, help_text="for output: {outport: [message]}, a value or tagged each"
    )


class InDoubt(ApiView):
    """The firings of a run that a lost worker had begun."""

    @extend_schema(
        operation_id="executions_in_doubt",
        tags=["executions"],
        responses={200: DoubtRow(many=True), **ERRORS},
    )
    def get(self, request: Request, execution_id: str) -> Response:
        """All of them, the decided ones too."""
        execution = find_execution(caller(request), execution_id)
        rows = DoubtfulFiring.objects.filter(execution=execution).order_by("pk")
        return Response(DoubtRow(rows, many=True).data)


class Decide(ApiView):
    """Decide on firings in doubt."""

    @extend_schema(
        operation_id="executions_in_doubt_decide",
        tags=["executions"],
        request=DecisionInput,
        responses={200: ExecutionDetail, **ERRORS},
    )
    def post(self, request: Request, execution_id: str) -> Response:
        """Run them again, skip them, give their output, or fail the run.

        The run goes on once nothing of it is open any more.
        """
        values = checked(DecisionInput, request.data)
        user = caller(request)
        decide(execution=find_execution(user, execution_id), by=user, **values)
        return Response(detail_of(find_execution(user, execution_id)))
