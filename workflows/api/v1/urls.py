"""The addresses under ``/api/v1/``; none ends with a slash."""

from __future__ import annotations

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from workflows.api.v1.breakers import Breakers
from workflows.api.v1.bulk import BulkStart
from workflows.api.v1.dead_letters import DeadLetters
from workflows.api.v1.deliveries import Deliveries
from workflows.api.v1.executions import Executions
from workflows.api.v1.graphs import ValidateGraph
from workflows.api.v1.in_doubt import Decide, InDoubt
from workflows.api.v1.templates import Templates
from workflows.api.v1.transfer import ExportWorkflow, ImportWorkflow
from workflows.api.v1.versions import Versions
from workflows.api.v1.workflows import Workflows

router = SimpleRouter(trailing_slash=False)
router.register("workflows", Workflows, basename="workflow")
router.register("versions", Versions, basename="version")
router.register("executions", Executions, basename="execution")
router.register("dead-letters", DeadLetters, basename="dead-letter")
router.register("breakers", Breakers, basename="breaker")
router.register("webhook-deliveries", Deliveries, basename="webhook-delivery")
router.register("templates", Templates, basename="template")

OF_EXECUTION = f"^executions/(?P<execution_id>{Executions.lookup_value_regex})"

urlpatterns = [
    path("executions/bulk", BulkStart.as_view()),  # before the router: it is no execution's id
    path("workflows/import", ImportWorkflow.as_view()),
    re_path(r"^workflows/(?P<pk>[0-9]{1,18})/export\Z", ExportWorkflow.as_view()),
    re_path(f"{OF_EXECUTION}/in-doubt\\Z", InDoubt.as_view()),
    re_path(f"{OF_EXECUTION}/in-doubt/decide\\Z", Decide.as_view()),
    *router.urls,
    path("graphs/validate", ValidateGraph.as_view()),
]
