"""Workflows: kept graphs, each a series of versions, and edits of the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.filters import OrderingFilter
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from workflows.api.commands import checked
from workflows.api.documents import ERRORS
from workflows.api.v1 import edits
from workflows.api.v1.filters import WorkflowFilter
from workflows.api.v1.pagination import Keyset
from workflows.api.v1.serializers import (
    ConnectionEnds,
    ConnectionInput,
    NodeInput,
    NodePatch,
    VersionDetail,
    WorkflowDetail,
    WorkflowInput,
    WorkflowPatch,
    WorkflowRow,
)
from workflows.api.view import ApiView, caller
from workflows.models import Workflow
from workflows.selectors import workflows_of
from workflows.services import create_workflow, update_workflow
from workflows.signing import forget_secrets, new_secret

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class SecretDocument(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="shown this once")


@extend_schema(tags=["workflows"])
@extend_schema_view(
    list=extend_schema(responses={200: WorkflowRow(many=True), **ERRORS}),
    retrieve=extend_schema(responses={200: WorkflowDetail, **ERRORS}),
)
class Workflows(ApiView, ListModelMixin, RetrieveModelMixin, GenericViewSet[Workflow]):
    """The caller's workflows."""

    queryset = Workflow.objects.none()  # for the schema only
    lookup_value_regex = "[0-9]{1,18}"
    filterset_class = WorkflowFilter
    filter_backends = (DjangoFilterBackend, OrderingFilter)
    ordering_fields = ("created_at", "updated_at", "name")
    ordering = ("-created_at",)
    pagination_class = Keyset

    def get_queryset(self) -> QuerySet[Workflow]:
        rows = workflows_of(caller(self.request))
        return rows.defer("current__graph") if self.action == "list" else rows

    def get_serializer_class(self) -> type[WorkflowRow]:
        return WorkflowRow if self.action == "list" else WorkflowDetail

    @extend_schema(request=WorkflowInput, responses={201: WorkflowDetail, **ERRORS})
    def create(self, request: Request) -> Response:
        values = checked(WorkflowInput, request.data)
        workflow = create_workflow(owner=caller(request), **values)
        return Response(WorkflowDetail(workflow).data, status=201)

    @extend_schema(request=WorkflowInput, responses={200: WorkflowDetail, **ERRORS})
    def update(self, request: Request, pk: str) -> Response:  # noqa: ARG002 -- of the address
        return self._change(request, checked(WorkflowInput, request.data))

    @extend_schema(request=WorkflowPatch, responses={200: WorkflowDetail, **ERRORS})
    def partial_update(self, request: Request, pk: str) -> Response:  # noqa: ARG002 -- of the address
        return self._change(request, checked(WorkflowPatch, request.data))

    @extend_schema(responses={204: None, **ERRORS})
    def destroy(self, request: Request, pk: str) -> Response:  # noqa: ARG002 -- of the address
        """Archive it: its versions and runs stay, and it can be brought back by PATCH."""
        update_workflow(workflow=self.get_object(), by=caller(request), archived=True)
        return Response(status=204)

    @extend_schema(request=NodeInput, responses={201: VersionDetail, **ERRORS})
    @action(detail=True, methods=["post"], url_path="nodes", filterset_class=None)
    def nodes(self, request: Request, pk: str) -> Response:
        """Add a node to the graph."""
        return self._edit(request, pk, edits.add_node(checked(NodeInput, request.data)), 201)

    @extend_schema(request=NodePatch, responses={200: VersionDetail, **ERRORS})
    @action(detail=True, methods=["patch"], url_path="nodes/(?P<node_id>.+)")
    def node(self, request: Request, pk: str, node_id: str) -> Response:
        """Change a node's component or settings."""
        values = checked(NodePatch, request.data)
        return self._edit(request, pk, edits.change_node(node_id, values))

    @extend_schema(responses={200: VersionDetail, **ERRORS})
    @node.mapping.delete
    def remove_node(self, request: Request, pk: str, node_id: str) -> Response:
        """Remove a node and everything that is attached to it."""
        return self._edit(request, pk, edits.remove_node(node_id))

    @extend_schema(request=ConnectionInput, responses={201: VersionDetail, **ERRORS})
    @action(detail=True, methods=["post"], url_path="connections", filterset_class=None)
    def connections(self, request: Request, pk: str) -> Response:
        """Connect an outport to an inport."""
        values = checked(ConnectionInput, request.data)
        return self._edit(request, pk, edits.add_connection(values), 201)

    @extend_schema(parameters=[ConnectionEnds], responses={200: VersionDetail, **ERRORS})
    @connections.mapping.delete
    def remove_connection(self, request: Request, pk: str) -> Response:
        """Remove the connection that the query names."""
        values = checked(ConnectionEnds, request.query_params)
        return self._edit(request, pk, edits.remove_connection(values))

    @extend_schema(request=None, responses={201: SecretDocument, **ERRORS})
    @action(detail=True, methods=["post"], url_path="webhook-secret", filterset_class=None)
    def webhook_secret(self, request: Request, pk: str) -> Response:  # noqa: ARG002 -- of the address
        """Make a secret that signs its webhooks; this answer alone shows it."""
        secret = new_secret(self.get_object())
        return Response({"secret": secret}, status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(responses={204: None, **ERRORS})
    @webhook_secret.mapping.delete
    def forget_webhook_secret(self, request: Request, pk: str) -> Response:  # noqa: ARG002 -- of the address
        """Forget its secrets: the server's own sign again, if there are any."""
        forget_secrets(self.get_object())
        return Response(status=204)

    def _change(self, request: Request, values: dict[str, Any]) -> Response:
        workflow = update_workflow(workflow=self.get_object(), by=caller(request), **values)
        return Response(WorkflowDetail(workflow).data)

    def _edit(self, request: Request, pk: str, edit: edits.Edit, status: int = 200) -> Response:
        version = edits.publish_edit(by=caller(request), workflow_pk=int(pk), edit=edit)
        return Response(VersionDetail(version).data, status=status)
