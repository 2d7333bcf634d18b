"""The ASGI application: HTTP by Django, WebSockets by Channels."""

from __future__ import annotations

import os
from importlib import import_module

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reflow_site.settings")

http = get_asgi_application()  # fills the app registry, which the routes below need
import_module("reflow_site.database_timeouts").limit_this_process()
routing = import_module("workflows.routing")
body_limit = import_module("reflow_site.body_limit")

application = ProtocolTypeRouter(
    {
        "http": body_limit.BodyLimit(http),
        "websocket": URLRouter(routing.websocket_urlpatterns),
    }
)
