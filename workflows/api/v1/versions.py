"""Versions: graphs that never change, those that were posted to run once among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.viewsets import GenericViewSet

from workflows.api.documents import ERRORS
from workflows.api.v1.filters import VersionFilter
from workflows.api.v1.pagination import Keyset
from workflows.api.v1.serializers import VersionDetail, VersionRow
from workflows.api.view import ApiView, caller
from workflows.models import WorkflowVersion
from workflows.selectors import versions_of

if TYPE_CHECKING:
    from django.db.models import QuerySet


@extend_schema(tags=["versions"])
@extend_schema_view(
    list=extend_schema(responses={200: VersionRow(many=True), **ERRORS}),
    retrieve=extend_schema(responses={200: VersionDetail, **ERRORS}),
)
class Versions(ApiView, ListModelMixin, RetrieveModelMixin, GenericViewSet[WorkflowVersion]):
    """The versions of the caller's workflows; ``?workflow=`` narrows to one."""

    queryset = WorkflowVersion.objects.none()  # for the schema only
    lookup_value_regex = "[0-9]{1,18}"
    filterset_class = VersionFilter
    filter_backends = (DjangoFilterBackend,)
    pagination_class = Keyset

    def get_queryset(self) -> QuerySet[WorkflowVersion]:
        rows = versions_of(caller(self.request))
        return rows.defer("graph") if self.action == "list" else rows

    def get_serializer_class(self) -> type[VersionRow]:
        return VersionRow if self.action == "list" else VersionDetail
