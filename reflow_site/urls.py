"""Every address of the server: the admin, and what the apps bring."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("observability.urls")),
    path("", include("workflows.urls")),
]
