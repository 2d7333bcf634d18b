"""The Celery app, and the sign of life that each of its workers writes."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from reflow_site.supervisor.leash import end_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reflow_site.settings")

app = Celery("reflow")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def end_with_the_worker(**_signal: Any) -> None:
    """A child of the pool ends with its worker, so that a killed worker's runs do not go on."""
    end_with(os.getppid())
