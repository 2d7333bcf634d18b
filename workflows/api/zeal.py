"""Reflow's REST routes for Zeal workflows: convert one, run one, publish one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from workflows.api.commands import MetadataInput, ObjectField, checked
from workflows.api.documents import ERRORS, IDEMPOTENCY_KEY, Answer, ProblemDocument, StartedAnswer
from workflows.api.envelope import success
from workflows.api.reflow import started_of
from workflows.api.view import ApiView, caller, idempotency_key
from workflows.importing import convert_for, publish_document, start_zeal
from workflows.zeal.reading import is_zeal

if TYPE_CHECKING:
    from rest_framework.request import Request

    from workflows.models import Workflow
    from workflows.zeal.converting import Converted


class ZealInput(serializers.Serializer[Any]):
    """A Zeal workflow, as Zeal exports it."""

    id = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    graphs = serializers.ListField(child=serializers.DictField())


class ZealStartInput(serializers.Serializer[Any]):
    workflow = ObjectField(help_text="a Zeal workflow")
    input = ObjectField(required=False, allow_null=True)
    metadata = MetadataInput(required=False, allow_null=True)


class PublishInput(serializers.Serializer[Any]):
    """Exactly one of both."""

    workflow = ObjectField(required=False, help_text="a Zeal workflow")
    graph = ObjectField(required=False, help_text="Reflow's GraphExport")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("give exactly one of workflow and graph")
        return attrs


class ConversionMetadata(serializers.Serializer[Any]):
    source_workflow_id = serializers.CharField()
    source_workflow_name = serializers.CharField()
    node_count = serializers.IntegerField(help_text="nodes of all graphs of the Zeal workflow")
    connection_count = serializers.IntegerField()


class ConvertedData(serializers.Serializer[Any]):
    reflow_graph = serializers.DictField(help_text="Reflow's GraphExport")
    required_actors = serializers.ListField(child=serializers.CharField())
    required_env_vars = serializers.ListField(child=serializers.CharField())
    conversion_metadata = ConversionMetadata()
    warnings = ProblemDocument(many=True)


class ConvertedAnswer(Answer):
    data = ConvertedData()  # type: ignore[assignment]


class PublishedData(serializers.Serializer[Any]):
    workflow_id = serializers.CharField()
    status = serializers.CharField(help_text="always published")
    webhook = serializers.CharField(help_text="where a call starts the workflow")
    version = serializers.IntegerField()
    warnings = ProblemDocument(many=True)


class PublishedAnswer(Answer):
    data = PublishedData()  # type: ignore[assignment]


class ConvertWorkflow(ApiView):
    """The graph that runs a Zeal workflow. Nothing is stored."""

    @extend_schema(
        operation_id="zeal_convert",
        tags=["zeal"],
        request=ZealInput,
        responses={200: ConvertedAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        body: Any = request.data
        wrapped = isinstance(body, dict) and "graphs" not in body and "workflow" in body
        converted = convert_for(caller(request), body["workflow"] if wrapped else body)
        return Response(success(conversion_of(converted)))


class StartZealWorkflow(ApiView):
    """Convert a Zeal workflow and start a run of it."""

    @extend_schema(
        operation_id="zeal_start",
        tags=["zeal"],
        request=ZealStartInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: StartedAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        body: Any = {"workflow": request.data} if is_zeal(request.data) else request.data
        values = checked(ZealStartInput, body)
        started = start_zeal(
            owner=caller(request),
            document=values["workflow"],
            input=values.get("input"),
            metadata=body.get("metadata") or {},  # not the checked one: unknown keys are kept
            idempotency_key=idempotency_key(request),
        )
        return Response(success(started_of(started)))


class PublishWorkflow(ApiView):
    """Make a Zeal workflow or a graph the current version of a workflow, made if need be."""

    @extend_schema(
        operation_id="reflow_publish",
        tags=["reflow"],
        request=PublishInput,
        responses={200: PublishedAnswer, **ERRORS},
    )
    def post(self, request: Request, execution_id: str) -> Response:
        values = checked(PublishInput, request.data)
        published = publish_document(
            owner=caller(request),
            workflow_id=execution_id,
            document=values["workflow"] if "workflow" in values else values["graph"],
            zeal="workflow" in values,
        )
        return Response(
            success(
                {
                    "workflow_id": execution_id,
                    "status": "published",
                    "webhook": f"/webhook/{execution_id}",
                    "version": version_of(published.workflow),
                    "warnings": [asdict(problem) for problem in published.warnings],
                }
            )
        )


def version_of(workflow: Workflow) -> int | None:
    """The number of its current version."""
    return workflow.current.number if workflow.current else None


def conversion_of(converted: Converted) -> dict[str, Any]:
    """A conversion as the original answers it, and what we add."""
    graphs = converted.workflow.graphs
    return {
        "reflow_graph": converted.graph.to_dict(),
        "required_actors": list(converted.components),
        "required_env_vars": list(converted.environment),
        "conversion_metadata": {
            "source_workflow_id": converted.workflow.id,
            "source_workflow_name": converted.workflow.name,
            "node_count": sum(len(graph.nodes) for graph in graphs),
            "connection_count": sum(len(graph.connections) for graph in graphs),
        },
        "warnings": [asdict(problem) for problem in converted.warnings],
    }
