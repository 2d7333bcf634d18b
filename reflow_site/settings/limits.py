"""Limits; docs/limits.md has the table of all."""

from __future__ import annotations

from reflow_site.settings.place import env

API_MAX_BODY_BYTES = env.int("API_MAX_BODY_BYTES", default=10 * 1024 * 1024)
API_USER_RATE = env.float("API_USER_RATE", default=50.0)  # requests a second of a token
API_USER_BURST = env.int("API_USER_BURST", default=100)
API_ANONYMOUS_PER_MINUTE = env.int("API_ANONYMOUS_PER_MINUTE", default=100)
API_LOGINS_PER_MINUTE = env.int("API_LOGINS_PER_MINUTE", default=5)  # tries of one name
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES
JSON_DEPTH = env.int("JSON_DEPTH", default=64)
JSON_OBJECT_KEYS = env.int("JSON_OBJECT_KEYS", default=10_000)
JSON_DOCUMENT_KEYS = env.int("JSON_DOCUMENT_KEYS", default=1_000_000)
JSON_STRING_BYTES = env.int("JSON_STRING_BYTES", default=1024**2)
JSON_NUMBER_DIGITS = env.int("JSON_NUMBER_DIGITS", default=308)
GRAPH_CONNECTIONS = env.int("GRAPH_CONNECTIONS", default=50_000)  # initial packets among them
RUN_MESSAGES = env.int("RUN_MESSAGES", default=100_000)  # over all connections; then it fails
MESSAGE_BYTES = env.int("MESSAGE_BYTES", default=16 * 1024**2)  # of one; a larger one fails the run
RUN_LIMIT_USER = env.int("RUN_LIMIT_USER", default=100)  # of one user at the same time; more wait
HTTP_CONNECT_SECONDS = env.float("HTTP_CONNECT_SECONDS", default=5.0)
HTTP_READ_SECONDS = env.float("HTTP_READ_SECONDS", default=30.0)  # between two parts of an answer
HTTP_TOTAL_SECONDS = env.float("HTTP_TOTAL_SECONDS", default=60.0)
HTTP_REDIRECTS = env.int("HTTP_REDIRECTS", default=5)
HTTP_RESPONSE_BYTES = env.int("HTTP_RESPONSE_BYTES", default=16 * 1024**2)  # as it is sent
HTTP_DECODED_BYTES = env.int("HTTP_DECODED_BYTES", default=32 * 1024**2)  # after gzip
HTTP_RATIO = env.int("HTTP_RATIO", default=200)  # of the two
WS_MESSAGE_BYTES = env.int("WS_MESSAGE_BYTES", default=65_536)  # a start: API_MAX_BODY_BYTES
WS_SUBSCRIPTIONS = env.int("WS_SUBSCRIPTIONS", default=100)  # of one socket
WS_CONNECTIONS_USER = env.int("WS_CONNECTIONS_USER", default=20)  # in one web process
WS_IDLE_SECONDS = env.float("WS_IDLE_SECONDS", default=3600.0)
WS_UNREAD_BYTES = env.int("WS_UNREAD_BYTES", default=1024**2)  # then the server waits
WS_UNREAD_SECONDS = env.float("WS_UNREAD_SECONDS", default=10.0)  # and then it closes
WS_PING_SECONDS = env.int("WS_PING_SECONDS", default=20)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # of who may read /metrics, beside staff
METRICS_ALLOW = env.list("METRICS_ALLOW", default=[])  # addresses that may without one
DISK_FREE_BYTES = env.int("DISK_FREE_BYTES", default=256 * 1024**2)  # less is a problem
EVENT_LIMIT = env.int("EVENT_LIMIT", default=50_000)  # MessageSent rows one by one; then summed
EVENT_WARN = env.int("EVENT_WARN", default=10_000)  # events of a run; then its log says so
EVENT_LINGER_SECONDS = env.float(
    "EVENT_LINGER_SECONDS", default=0.02
)  # between two batches of a run
EVENT_MESSAGE_BYTES = env.int("EVENT_MESSAGE_BYTES", default=65_536)  # kept whole in an event
EVENT_PREVIEW_CHARACTERS = env.int("EVENT_PREVIEW_CHARACTERS", default=2_048)  # kept of a larger
DEAD_LETTER_BYTES = env.int("DEAD_LETTER_BYTES", default=262_144)  # of one letter's messages
EVENT_PAGE = env.int("EVENT_PAGE", default=500)  # rows a reader takes at once
EVENT_POLL_SECONDS = env.float("EVENT_POLL_SECONDS", default=2.0)  # if a nudge was lost
