"""Executions: start, list, look at, cancel, pause, resume, and read the events of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.filters import OrderingFilter
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import GenericViewSet

from engine.events import EngineEvent
from workflows.api.commands import cancel, checked, find_execution, pause, resume
from workflows.api.documents import ERRORS, IDEMPOTENCY_KEY
from workflows.api.v1.filters import ExecutionFilter
from workflows.api.v1.pagination import Keyset
from workflows.api.v1.serializers import (
    CancelInput,
    ExecutionDetail,
    ExecutionInput,
    ExecutionPatch,
    ExecutionRow,
    PauseInput,
    detail_of,
    started_detail_of,
)
from workflows.api.view import ApiView, caller, idempotency_key
from workflows.api.wire import engine_event
from workflows.models import Execution, ExecutionEvent
from workflows.payloads import read, with_data
from workflows.selectors import executions_of
from workflows.services import pin_execution, start_execution

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

EVENT_TYPES = tuple(kind.__name__ for kind in get_args(EngineEvent))


class EventsQuery(serializers.Serializer[Any]):
    after_seq = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=500, default=500)
    type = serializers.ListField(child=serializers.ChoiceField(choices=EVENT_TYPES), required=False)


class EventDocument(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    type = serializers.ChoiceField(choices=EVENT_TYPES)
    node = serializers.CharField(help_text="empty for events of the whole network")
    timestamp = serializers.IntegerField(help_text="milliseconds since the epoch")
    data = serializers.DictField(help_text="the event's fields, messages tagged")  # type: ignore[assignment]


class EventsPage(serializers.Serializer[Any]):
    results = EventDocument(many=True)
    last_seq = serializers.IntegerField(help_text="of the run so far, not of this page")
    events_pruned_at = serializers.DateTimeField(
        allow_null=True, help_text="when retention has removed the events; then there are none"
    )
    next = serializers.CharField(allow_null=True, help_text="the next page, if this one is full")


@extend_schema(tags=["executions"])
@extend_schema_view(list=extend_schema(responses={200: ExecutionRow(many=True), **ERRORS}))
class Executions(ApiView, ListModelMixin, GenericViewSet[Execution]):
    """The caller's runs."""

    queryset = Execution.objects.none()  # for the schema only
    serializer_class = ExecutionRow
    lookup_field = "execution_id"
    lookup_value_regex = "[A-Za-z0-9._:-]{1,128}"
    filterset_class = ExecutionFilter
    filter_backends = (DjangoFilterBackend, OrderingFilter)
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)
    pagination_class = Keyset

    def get_queryset(self) -> QuerySet[Execution]:
        return executions_of(caller(self.request)).defer("version__graph", *LONG)

    @extend_schema(
        request=ExecutionInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: ExecutionDetail, **ERRORS},
    )
    def create(self, request: Request) -> Response:
        """Queue a run. The same request with one id or key answers the first run."""
        body = ExecutionInput(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        started = start_execution(
            owner=caller(request),
            idempotency_key=idempotency_key(request),
            **body.validated_data,
        )
        if not started.created:
            return self._accepted(request, started.execution.execution_id)
        return _answer(request, started.execution, started_detail_of(started.execution))

    @extend_schema(responses={200: ExecutionDetail, **ERRORS})
    def retrieve(self, request: Request, execution_id: str) -> Response:
        return Response(detail_of(find_execution(caller(request), execution_id)))

    @extend_schema(request=ExecutionPatch, responses={200: ExecutionDetail, **ERRORS})
    def partial_update(self, request: Request, execution_id: str) -> Response:
        """Pin a run, so that retention keeps it for ever with its events, or let go of it."""
        values = checked(ExecutionPatch, request.data)
        execution = find_execution(caller(request), execution_id)
        pin_execution(execution=execution, **values)
        return Response(detail_of(execution))

    @extend_schema(request=CancelInput, responses={202: ExecutionDetail, **ERRORS})
    @action(detail=True, methods=["post"], filterset_class=None)
    def cancel(self, request: Request, execution_id: str) -> Response:
        """Stop a run: at once if it is queued, else within about a second."""
        reason = checked(CancelInput, request.data)["reason"]
        cancel(caller(request), execution_id, reason)
        return self._accepted(request, execution_id)

    @extend_schema(request=PauseInput, responses={202: ExecutionDetail, **ERRORS})
    @action(detail=True, methods=["post"], filterset_class=None)
    def pause(self, request: Request, execution_id: str) -> Response:
        """Pause a run: at once if it is queued, else between messages within about a second."""
        reason = checked(PauseInput, request.data)["reason"]
        pause(caller(request), execution_id, reason)
        return self._accepted(request, execution_id)

    @extend_schema(request=PauseInput, responses={202: ExecutionDetail, **ERRORS})
    @action(detail=True, methods=["post"], filterset_class=None)
    def resume(self, request: Request, execution_id: str) -> Response:
        """Let a paused run go on: within about a second, or as soon as a worker is free."""
        reason = checked(PauseInput, request.data)["reason"]
        resume(caller(request), execution_id, reason)
        return self._accepted(request, execution_id)

    @extend_schema(parameters=[EventsQuery], responses={200: EventsPage, **ERRORS})
    @action(detail=True, filter_backends=(), pagination_class=None)
    def events(self, request: Request, execution_id: str) -> Response:
        """A run's events in order; ask on with ``after_seq``."""
        query = checked(EventsQuery, request.query_params)
        execution = find_execution(caller(request), execution_id)
        rows = with_data(_page(execution, query))
        url = request.build_absolute_uri()
        full = len(rows) == query["limit"]
        page = {
            "results": [engine_event(row) for row in rows],
            "last_seq": execution.last_seq,
            "events_pruned_at": execution.events_pruned_at,
            "next": replace_query_param(url, "after_seq", rows[-1].seq) if full else None,
        }
        return Response(page)

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT, **ERRORS})
    @action(
        detail=True,
        url_path="payloads/(?P<part>input|result)",
        filter_backends=(),
        pagination_class=None,
    )
    def payload(self, request: Request, execution_id: str, part: str) -> HttpResponse:
        """The input or the result of a run as a file, however large."""
        execution = find_execution(caller(request), execution_id)
        text = read(getattr(execution, part))
        if not text:
            raise NotFound(f"the execution has no {part} yet")
        name = f"{execution_id}-{part}.json".replace(":", "_")
        return HttpResponse(
            text,
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _accepted(self, request: Request, execution_id: str) -> Response:
        execution = find_execution(caller(request), execution_id)
        return _answer(request, execution, detail_of(execution))


def _answer(request: Request, execution: Execution, document: Any) -> Response:
    where = reverse("execution-detail", [execution.execution_id], request=request)
    return Response(document, status=202, headers={"Location": where})


# What a list does not show.
LONG = ("input", "metadata", "result", "warnings", "cancel_reason", "pause_reason")


def _page(execution: Execution, query: dict[str, Any]) -> QuerySet[ExecutionEvent]:
    rows = execution.stored_events.filter(seq__gt=query["after_seq"])
    if query.get("type"):
        rows = rows.filter(type__in=query["type"])
    return rows.order_by("seq")[: query["limit"]]
