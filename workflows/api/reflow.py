"""Reflow's own REST routes, in its envelope, so that its clients work unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from workflows.api.commands import StartInput, cancel, find_execution, start
from workflows.api.documents import (
    ERRORS,
    IDEMPOTENCY_KEY,
    CancelledAnswer,
    StartedAnswer,
    StatusAnswer,
)
from workflows.api.envelope import success
from workflows.api.view import ApiView, caller, idempotency_key
from workflows.api.wire import milliseconds
from workflows.models import Status
from workflows.payloads import read_data

if TYPE_CHECKING:
    from rest_framework.request import Request

    from workflows.models import Execution
    from workflows.services import Start


class StartWorkflow(ApiView):
    """Start a run of a posted graph. The same request again answers the first run."""

    @extend_schema(
        operation_id="reflow_start",
        tags=["reflow"],
        request=StartInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: StartedAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        started = start(
            caller(request), request.data, source="api", idempotency_key=idempotency_key(request)
        )
        return Response(success(started_of(started)))


class WorkflowStatus(ApiView):
    """Where a run stands, and its result once it is over."""

    @extend_schema(
        operation_id="reflow_status", tags=["reflow"], responses={200: StatusAnswer, **ERRORS}
    )
    def get(self, request: Request, execution_id: str) -> Response:
        return Response(success(status_of(find_execution(caller(request), execution_id))))


class CancelWorkflow(ApiView):
    """Stop a run."""

    @extend_schema(
        operation_id="reflow_cancel",
        tags=["reflow"],
        request=None,
        responses={200: CancelledAnswer, **ERRORS},
    )
    def post(self, request: Request, execution_id: str) -> Response:
        cancel(caller(request), execution_id)
        return Response(success({"execution_id": execution_id, "status": "cancelled"}))


def started_of(started: Start) -> dict[str, Any]:
    """The answer to a start."""
    data: dict[str, Any] = {
        "execution_id": started.execution.execution_id,
        "status": "started",
        "message": "Workflow execution started" if started.created else "Already started",
    }
    if started.warnings:
        data["warnings"] = list(started.warnings)
    return data


def status_of(execution: Execution) -> dict[str, Any]:
    """Reflow's ``{id, status, result}``; ``result`` is null until the run is over."""
    return {
        "id": execution.execution_id,
        "status": execution.status,
        "result": result_of(execution) if execution.is_over else None,
    }


def result_of(execution: Execution) -> dict[str, Any]:
    """What came of a run that is over; times are milliseconds since the epoch."""
    started, finished = execution.started_at, execution.finished_at
    return {
        "success": execution.status == Status.COMPLETED,
        "execution_id": execution.execution_id,
        "start_time": milliseconds(started or execution.created_at),
        "end_time": milliseconds(finished) if finished else None,
        "results": read_data(execution.result) if execution.result else None,
        "errors": [execution.error] if execution.error else [],
        "trace_session_id": None,
    }
