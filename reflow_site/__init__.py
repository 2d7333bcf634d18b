"""The wiring of the server: settings, URLs, ASGI, Celery. Nothing else lives here."""

from __future__ import annotations

from reflow_site.celery import app as celery_app

__all__ = ["celery_app"]
