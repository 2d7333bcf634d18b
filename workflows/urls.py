"""The addresses of the REST interface."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from workflows.api.reflow import CancelWorkflow, StartWorkflow, WorkflowStatus
from workflows.models import EXECUTION_ID

_RUN = rf"^workflows/(?P<execution_id>{EXECUTION_ID.strip('^').removesuffix(chr(92) + 'Z')})"

urlpatterns: list[URLPattern | URLResolver] = [
    path("workflows", StartWorkflow.as_view()),
    re_path(rf"{_RUN}\Z", WorkflowStatus.as_view()),
    re_path(rf"{_RUN}/cancel\Z", CancelWorkflow.as_view()),
    path("api/v1/", include("workflows.api.v1.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
