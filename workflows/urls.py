"""The addresses of the REST interface."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated

from workflows.api.reflow import CancelWorkflow, StartWorkflow, WorkflowStatus
from workflows.api.zeal import ConvertWorkflow, PublishWorkflow, StartZealWorkflow
from workflows.models import EXECUTION_ID

_RUN = rf"^workflows/(?P<execution_id>{EXECUTION_ID.strip('^').removesuffix(chr(92) + 'Z')})"

_schema = SpectacularJSONAPIView.as_view(permission_classes=(IsAuthenticated,))
_docs = SpectacularSwaggerSplitView.as_view(
    url_name="schema", permission_classes=(IsAuthenticated,)
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("workflows", StartWorkflow.as_view()),
    re_path(rf"{_RUN}\Z", WorkflowStatus.as_view()),
    re_path(rf"{_RUN}/cancel\Z", CancelWorkflow.as_view()),
    re_path(rf"{_RUN}/publish\Z", PublishWorkflow.as_view()),
    path("zeal/convert", ConvertWorkflow.as_view()),
    path("zeal/workflows", StartZealWorkflow.as_view()),
    path("api/v1/", include("workflows.api.v1.urls")),
    path("api/schema/", _schema, name="schema"),
    path("api/docs/", login_required(_docs), name="docs"),
]
