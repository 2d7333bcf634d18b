"""The Zeal server, if there is one."""

from __future__ import annotations

from reflow_site.settings.place import env

ZEAL_URL = env.str("ZEAL_URL", default="")  # empty: headless, and nothing is ever sent
ZEAL_API_KEY = env.str("ZEAL_API_KEY", default="")
ZEAL_NAMESPACE = env.str("ZEAL_NAMESPACE", default="reflow")
ZEAL_NODE_ID = env.str("ZEAL_NODE_ID", default="")  # empty: made from the machine's name
ZEAL_USER_ID = env.str("ZEAL_USER_ID", default="user_default")
ZEAL_TRACES = env.str("ZEAL_TRACES", default="auto")  # or zip, flow_traces, seed
ZEAL_SOCKET = env.str("ZEAL_SOCKET", default="auto")  # or socketio, raw, off
ZEAL_SOCKET_URL = env.str("ZEAL_SOCKET_URL", default="")
ZEAL_OWNER = env.str("ZEAL_OWNER", default="")  # empty: the only superuser
ZEAL_TIMEOUT_SECONDS = env.float("ZEAL_TIMEOUT_SECONDS", default=60.0)
ZEAL_HANDSHAKE_SECONDS = env.float("ZEAL_HANDSHAKE_SECONDS", default=10.0)
ZEAL_TEMPLATE_CHUNK = env.int("ZEAL_TEMPLATE_CHUNK", default=200)  # templates in one request
ZEAL_PREVIEWS = env.bool("ZEAL_PREVIEWS", default=False)  # show messages in traces
ZEAL_PREVIEW_CHARACTERS = env.int("ZEAL_PREVIEW_CHARACTERS", default=2048)
ZEAL_BRIDGES = env.int("ZEAL_BRIDGES", default=32)  # runs told to Zeal at the same time
ZEAL_BACKLOG_DAYS = env.float("ZEAL_BACKLOG_DAYS", default=7.0)  # kept for a Zeal that is away
ZEAL_BACKLOG_EVENTS = env.int("ZEAL_BACKLOG_EVENTS", default=5_000_000)
