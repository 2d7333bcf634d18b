"""Graphs that are not stored: is this one right?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from engine.errors import GraphError, Problem
from engine.graph import Graph, validate
from workflows.api.commands import checked
from workflows.api.documents import ERRORS, ProblemDocument
from workflows.api.strict import StrictInput
from workflows.api.view import ApiView
from workflows.run_time import seconds_of
from workflows.surroundings import graph_limits, registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class GraphInput(StrictInput):
    graph = serializers.DictField(help_text="Reflow's GraphExport")


class Verdict(serializers.Serializer[Any]):
    valid = serializers.BooleanField(help_text="it can run: no problem is an error")
    problems = ProblemDocument(many=True)


class ValidateGraph(ApiView):
    """Say everything that is wrong with a graph; nothing is stored."""

    @extend_schema(
        operation_id="graphs_validate",
        tags=["graphs"],
        request=GraphInput,
        responses={200: Verdict, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        problems = problems_of(checked(GraphInput, request.data)["graph"])
        valid = all(problem.severity != "error" for problem in problems)
        return Response({"valid": valid, "problems": [asdict(problem) for problem in problems]})


def problems_of(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    try:
        graph = Graph.from_json(document)
    except GraphError as error:
        return error.problems
    problems = validate(graph, registry(), graph_limits())
    try:
        seconds_of(graph)
    except GraphError as error:
        return (*problems, *error.problems)
    return problems
