"""The site as an installed app, so that its commands and checks are found."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ReflowSiteConfig(AppConfig):
    name = "reflow_site"
    verbose_name = "Reflow"

    def ready(self) -> None:
        import_module("reflow_site.checks")  # registers the system checks
