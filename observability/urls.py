"""The addresses of what listens."""

from __future__ import annotations

from django.urls import path

from observability.views import Health, healthz, metrics, readyz

urlpatterns = [
    path("health", Health.as_view(), name="health"),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("readyz", readyz, name="readyz"),
]
