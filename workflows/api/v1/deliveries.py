"""Webhook deliveries: what was sent, what became of it, and sending it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from workflows.api.documents import ERRORS
from workflows.api.v1.filters import DeliveryFilter
from workflows.api.v1.pagination import Keyset
from workflows.api.v1.serializers import DeliveryDetail, DeliveryRow
from workflows.api.view import ApiView, caller
from workflows.models import WebhookDelivery
from workflows.selectors import deliveries_of
from workflows.services import redeliver_webhook

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


@extend_schema(tags=["webhook deliveries"])
@extend_schema_view(
    list=extend_schema(responses={200: DeliveryRow(many=True), **ERRORS}),
    retrieve=extend_schema(responses={200: DeliveryDetail, **ERRORS}),
)
class Deliveries(ApiView, ListModelMixin, RetrieveModelMixin, GenericViewSet[WebhookDelivery]):
    """The webhooks of the caller's runs. Their headers are never shown."""

    queryset = WebhookDelivery.objects.none()  # for the schema only
    lookup_value_regex = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    filterset_class = DeliveryFilter
    filter_backends = (DjangoFilterBackend,)
    pagination_class = Keyset

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        rows = deliveries_of(caller(self.request))
        return rows.defer("headers", "body") if self.action == "list" else rows

    def get_serializer_class(self) -> type[DeliveryRow]:
        return DeliveryRow if self.action == "list" else DeliveryDetail

    @extend_schema(request=None, responses={202: DeliveryDetail, **ERRORS})
    @action(detail=True, methods=["post"], filterset_class=None)
    def redeliver(self, request: Request, pk: str) -> Response:  # noqa: ARG002 -- of the address
        """Send it again, whatever came of it before."""
        delivery = self.get_object()
        redeliver_webhook(delivery=delivery)
        delivery.refresh_from_db()
        return Response(DeliveryDetail(delivery).data, status=202)
