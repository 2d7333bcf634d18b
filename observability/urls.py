"""The addresses of what listens."""

from __future__ import annotations

from django.urls import path

from observability.views import Health, healthz, readyz

urlpatterns = [
    path("health", Health.as_view(), name="health"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
