"""How the admin looks: its title and what stands in its sidebar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.templatetags.static import static
from django.urls import reverse_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _static(name: str) -> Callable[[HttpRequest], str]:
    return lambda _request: static(f"reflow/{name}")


_RUNNING = [
    {
        "title": "Workflows",
        "icon": "account_tree",
        "link": reverse_lazy("admin:workflows_workflow_changelist"),
        "permission": _may("workflows.view_workflow"),
    },
    {
        "title": "Executions",
        "icon": "play_circle",
        "link": reverse_lazy("admin:workflows_execution_changelist"),
        "permission": _may("workflows.view_execution"),
    },
    {
        "title": "Dead letters",
        "icon": "mail",
        "link": reverse_lazy("admin:workflows_deadletter_changelist"),
        "permission": _may("workflows.view_deadletter"),
    },
    {
        "title": "Circuit breakers",
        "icon": "electric_bolt",
        "link": reverse_lazy("admin:workflows_circuitbreaker_changelist"),
        "permission": _may("workflows.view_circuitbreaker"),
    },
    {
        "title": "Zeal",
        "icon": "hub",
        "link": reverse_lazy("admin:observability_tracesession_changelist"),
        "permission": _may("observability.view_tracesession"),
    },
]
_SERVER = [
    {
        "title": "Webhook deliveries",
        "icon": "outbox",
        "link": reverse_lazy("admin:workflows_webhookdelivery_changelist"),
        "permission": _may("workflows.view_webhookdelivery"),
    },
    {
        "title": "Storage",
        "icon": "database",
        "link": reverse_lazy("admin:workflows_prunerun_changelist"),
        "permission": _may("workflows.view_prunerun"),
    },
    {"title": "API documentation", "icon": "api", "link": reverse_lazy("docs")},
    {"title": "Health", "icon": "monitor_heart", "link": reverse_lazy("health")},
    {
        "title": "Users",
        "icon": "group",
        "link": reverse_lazy("admin:auth_user_changelist"),
        "permission": _may("auth.view_user"),
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Reflow",
    "SITE_HEADER": "Reflow",
    "SITE_SUBHEADER": "Workflows on Django",
    "SITE_SYMBOL": "account_tree",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _static("favicon.svg")}],
    "STYLES": [_static("reflow.css")],
    "DASHBOARD_CALLBACK": "workflows.admin.home.dashboard",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {"title": "Workflows", "items": _RUNNING},
            {"title": "Server", "separator": True, "items": _SERVER},
        ],
    },
    "COLORS": {
        "primary": {  # a calm blue-green; the states' colours stay free for states
            "50": "oklch(98.4% .014 180.7)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.4)",
            "300": "oklch(85.5% .138 181.1)",
            "400": "oklch(77.7% .152 181.9)",
            "500": "oklch(70.4% .14 182.5)",
            "600": "oklch(51.1% .096 186.4)",
            "700": "oklch(45% .083 187)",
            "800": "oklch(40% .07 188.2)",
            "900": "oklch(35% .059 188.4)",
            "950": "oklch(27.7% .046 192.5)",
        }
    },
}
