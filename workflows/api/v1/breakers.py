"""Circuit breakers that the caller's runs share: how each stands, and closing it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from workflows.api.documents import ERRORS
from workflows.api.v1.filters import BreakerFilter
from workflows.api.v1.pagination import Keyset
from workflows.api.view import ApiView, caller
from workflows.circuits import reset
from workflows.models import CircuitBreaker
from workflows.selectors import breakers_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class BreakerRow(serializers.ModelSerializer[CircuitBreaker]):
    class Meta:
        model = CircuitBreaker
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "name",
            "state",
            "since",
            "failures",
            "retry_at",
            "probes",
            "last_error",
            "last_error_at",
            "failures_total",
            "opened_total",
            "created_at",
        )
        read_only_fields: tuple[str, ...] = fields


@extend_schema(tags=["breakers"])
@extend_schema_view(
    list=extend_schema(responses={200: BreakerRow(many=True), **ERRORS}),
    retrieve=extend_schema(responses={200: BreakerRow, **ERRORS}),
)
class Breakers(ApiView, ListModelMixin, RetrieveModelMixin, GenericViewSet[CircuitBreaker]):
    """The breakers with a name or of a service; each is here from its first failure on."""

    queryset = CircuitBreaker.objects.none()  # for the schema only
    serializer_class = BreakerRow
    lookup_value_regex = "[0-9]{1,18}"
    filterset_class = BreakerFilter
    filter_backends = (DjangoFilterBackend,)
    pagination_class = Keyset

    def get_queryset(self) -> QuerySet[CircuitBreaker]:
        return breakers_of(caller(self.request))

    @extend_schema(request=None, responses={200: BreakerRow, **ERRORS})
    @action(detail=True, methods=["post"], filterset_class=None)
    def reset(self, request: Request, pk: str) -> Response:  # noqa: ARG002 -- of the address
        """Close it: calls go through again, and count anew. Workers know within a second."""
        breaker = self.get_object()
        reset(breaker)
        breaker.refresh_from_db()
        return Response(BreakerRow(breaker).data)
