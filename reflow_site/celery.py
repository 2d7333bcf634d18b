"""The Celery app, and the sign of life that each of its workers gives."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_ready, worker_shutting_down
from django.conf import settings

from reflow_site.garbage import settle
from reflow_site.hearing import Hearing
from reflow_site.supervisor.leash import end_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reflow_site.settings")

app = Celery("reflow")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add(Hearing)


@worker_ready.connect
def give_signs_of_life(sender: Any, **_kwargs: Any) -> None:
    """In the worker's main process, once its children are there."""
    heartbeat = import_module("workflows.heartbeat")  # needs the app registry
    beat = heartbeat.Heartbeat(sender.hostname, sender.controller.concurrency)
    beat.start()
    # A warm shutdown waits for each child's run, and no child may take another one.
    worker_shutting_down.connect(lambda **_: beat.stop(), weak=False)


@worker_process_init.connect
def end_with_the_worker(**_kwargs: Any) -> None:
    """A child of the pool ends with its worker, so that a killed worker's runs do not go on.

    On a busy machine it gives way to the web process: whoever starts a run is answered first.
    """
    end_with(os.getppid())
    os.nice(settings.WORKER_NICE)
    settle()
