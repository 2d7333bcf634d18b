"""The Celery app, and the sign of life that each of its workers writes."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reflow_site.settings")

app = Celery("reflow")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
