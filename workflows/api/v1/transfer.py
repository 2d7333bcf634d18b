"""Workflows in and out as documents: Zeal's format, ours, and YAML."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from workflows.api.commands import checked
from workflows.api.documents import ERRORS, ProblemDocument
from workflows.api.v1.serializers import WorkflowDetail
from workflows.api.view import ApiView, caller
from workflows.importing import current_graph, export_zeal, import_workflow, read_any
from workflows.selectors import workflows_of

if TYPE_CHECKING:
    from django.http import HttpResponseBase
    from rest_framework.request import Request

    from workflows.importing import Document

FORMATS = ("zeal", "reflow", "yaml")


class ImportQuery(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField(default=False, help_text="only say what would be")


class ExportQuery(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=FORMATS, default="zeal")


class ImportedDocument(serializers.Serializer[Any]):
    """``workflow`` is null in a dry run."""

    workflow = WorkflowDetail(allow_null=True)
    created = serializers.BooleanField(help_text="there was no such workflow before")
    changed = serializers.BooleanField(help_text="it got a version; false for the same document")
    kind = serializers.ChoiceField(choices=("zeal", "reflow"))
    required_actors = serializers.ListField(child=serializers.CharField())
    required_env_vars = serializers.ListField(child=serializers.CharField())
    warnings = ProblemDocument(many=True)


class ImportWorkflow(ApiView):
    """Keep a Zeal workflow or a graph; which of both it is, is seen from the document."""

    @extend_schema(
        operation_id="workflows_import",
        tags=["workflows"],
        request=OpenApiTypes.OBJECT,
        parameters=[ImportQuery],
        responses={200: ImportedDocument, 201: ImportedDocument, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        query = checked(ImportQuery, request.query_params)
        owner, body = caller(request), request.data
        document = read_any(owner=owner, document=body if isinstance(body, dict) else {})
        if query["dry_run"]:
            told: dict[str, Any] = {"workflow": None, "created": False, "changed": False}
            return Response({**told, **about(document)})
        done = import_workflow(owner=owner, document=document)
        told = {
            "workflow": WorkflowDetail(done.workflow).data,
            "created": done.created,
            "changed": done.changed,
        }
        return Response({**told, **about(document)}, status=201 if done.changed else 200)


class ExportWorkflow(ApiView):
    """The current version as a Zeal workflow, as Reflow's GraphExport, or as YAML."""

    @extend_schema(
        operation_id="workflows_export",
        tags=["workflows"],
        parameters=[
            ExportQuery,
            OpenApiParameter(
                "X-Export-Warnings",
                int,
                OpenApiParameter.HEADER,
                response=[200],
                description="how many things of the graph have no place in a Zeal workflow",
            ),
        ],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "application/yaml"): OpenApiTypes.OBJECT,
            **ERRORS,
        },
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        wanted = checked(ExportQuery, request.query_params)["format"]
        workflow = get_object_or_404(workflows_of(caller(request)), pk=int(pk))
        if wanted == "zeal":
            exported = export_zeal(workflow)
            headers = {"X-Export-Warnings": str(len(exported.warnings))}
            return Response(exported.document, headers=headers)
        graph = current_graph(workflow)
        if wanted == "reflow":
            return Response(graph.to_dict())
        return HttpResponse(graph.to_yaml(), content_type="application/yaml")


def about(document: Document) -> dict[str, Any]:
    """What is known of a document beside its graph."""
    converted = document.converted
    components = {node.component for node in document.graph.nodes.values()}
    return {
        "kind": document.kind,
        "required_actors": sorted(components),
        "required_env_vars": list(converted.environment) if converted else [],
        "warnings": [asdict(problem) for problem in document.warnings],
    }
