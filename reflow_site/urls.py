"""Every address of the server: the admin, and what the apps bring."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from reflow_site.sign_in import sign_in

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),  # for people who type the address
    path("admin/login/", sign_in),  # before the admin's own
    path("admin/", admin.site.urls),
    path("", include("observability.urls")),
    path("", include("workflows.urls")),
]

# What no view has answered: in the API's one error shape.
handler400 = "workflows.api.fallbacks.bad_request"
handler403 = "workflows.api.fallbacks.permission_denied"
handler404 = "workflows.api.fallbacks.not_found"
handler500 = "workflows.api.fallbacks.server_error"
