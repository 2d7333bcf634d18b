"""The product's own settings, and an app by which the fault suite reaches into its processes."""

from __future__ import annotations

from reflow_site.settings import *  # noqa: F403 -- all of them, as they are
from reflow_site.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.sabotage.Sabotage"]
