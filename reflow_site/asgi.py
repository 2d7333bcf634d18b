"""The ASGI application: HTTP by Django, WebSockets by Channels."""

from __future__ import annotations

import os
from importlib import import_module

import django
from channels.routing import ProtocolTypeRouter, URLRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reflow_site.settings")

django.setup(set_prefix=False)  # fills the app registry, which all below need
import_module("reflow_site.database_timeouts").limit_this_process()
routing = import_module("workflows.routing")
body_limit = import_module("reflow_site.body_limit")
request_threads = import_module("reflow_site.request_threads")

application = ProtocolTypeRouter(
    {
        "http": body_limit.BodyLimit(request_threads.RequestThreads()),
        "websocket": URLRouter(routing.websocket_urlpatterns),
    }
)
import_module("reflow_site.garbage").settle()
