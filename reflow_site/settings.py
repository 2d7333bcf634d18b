"""All settings. Each is read from the environment (or ``.env``) and has a default."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reflow_site import admin_theme
from reflow_site.broker_socket import broker_socket
from reflow_site.environment import Environment
from reflow_site.storage import storages

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
env.read_env(BASE_DIR / ".env")

# All that the server writes. Without a broker or database given, theirs too.
VAR_DIR = env.folder("REFLOW_VAR", BASE_DIR / "var")
CREDENTIALS_FILE = VAR_DIR / "credentials.env"  # of the user that `manage.py up` made


def _secret_key(file: Path) -> str:
    """The key of this installation: made once, readable by its owner only."""
    if not file.exists():
        fresh = file.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):  # of processes that start at once, the first one wins
            file.hardlink_to(fresh)
        fresh.unlink()
    return file.read_text()


# --- Django -----------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or _secret_key(VAR_DIR / "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "daphne",  # before staticfiles: it replaces runserver
    "unfold",  # before admin: it replaces its templates
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "channels",
    "workflows",
    "observability",
    "reflow_site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "reflow_site.content_security.ContentSecurity",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "reflow_site.urls"
ASGI_APPLICATION = "reflow_site.asgi.application"
ASGI_SERVER = env.str("ASGI_SERVER", default="daphne")  # or uvicorn

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns without it
WHITENOISE_USE_FINDERS = True  # the files of a clone are served without collectstatic

# Behind a proxy that ends TLS: these three, and the proxy sets X-Forwarded-Proto itself.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("COOKIES_SECURE", default=False)
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes come past the proxy
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
# Subdomains and the browsers' preload list: other servers of the domain are not ours to decide on.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
)

# --- Database ---------------------------------------------------------------------------------


def _database() -> dict[str, Any]:
    if env.str("DATABASE_URL", default=""):
        database: dict[str, Any] = env.database("DATABASE_URL")
    else:  # not as a URL: the path may hold spaces
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "reflow.sqlite3"}
    if database["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE: a writer waits its turn at the start, and never fails half-way.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": env.int("SQLITE_BUSY_SECONDS", default=20),
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        database["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=0)
        database["CONN_HEALTH_CHECKS"] = True
        if pool := env.int("DATABASE_POOL_SIZE", default=0):  # Django keeps none of its own then
            wait = env.float("DATABASE_POOL_WAIT_SECONDS", default=5.0)
            options = {"min_size": 1, "max_size": pool, "timeout": wait}
            database.setdefault("OPTIONS", {})["pool"] = options
    return database


DATABASES = {"default": _database()}

# Of a web process on PostgreSQL; 0 is no limit. A request over one of them is answered 503.
DATABASE_STATEMENT_SECONDS = env.float("DATABASE_STATEMENT_SECONDS", default=5.0)
DATABASE_LOCK_SECONDS = env.float("DATABASE_LOCK_SECONDS", default=2.0)
DATABASE_IDLE_SECONDS = env.float("DATABASE_IDLE_SECONDS", default=10.0)  # in a transaction

# --- Large payloads: outside the database -----------------------------------------------------

PAYLOAD_INLINE_BYTES = env.int("PAYLOAD_INLINE_BYTES", default=262_144)  # a larger text is a file
PAYLOAD_STORAGE = env.str("PAYLOAD_STORAGE", default="file")  # or s3
PAYLOAD_S3 = {
    "bucket_name": env.str("PAYLOAD_S3_BUCKET", default=""),
    "location": env.str("PAYLOAD_S3_PREFIX", default="payloads"),
    "endpoint_url": env.str("PAYLOAD_S3_ENDPOINT_URL", default=""),
    "region_name": env.str("PAYLOAD_S3_REGION", default=""),
    "access_key": env.str("PAYLOAD_S3_ACCESS_KEY", default=""),
    "secret_key": env.str("PAYLOAD_S3_SECRET_KEY", default=""),
}
STORAGES = storages(PAYLOAD_STORAGE, VAR_DIR / "payloads", PAYLOAD_S3)

# --- Broker and channel layer -----------------------------------------------------------------

BROKER_SOCKET = broker_socket(VAR_DIR)  # of the private Valkey that `manage.py up` starts


def _redis_url() -> str:
    """The channel layer's server: as given, else the broker if it is a Redis, else empty."""
    broker = env.str("BROKER_URL", default="")
    shared = broker if broker.startswith(("redis://", "rediss://")) else ""
    return env.str("REDIS_URL", default="") or shared


def _broker_url() -> str:
    """Celery's own spelling of the same server: it calls ``unix://`` ``redis+socket://``."""
    if REDIS_URL.startswith("unix://"):
        return f"redis+socket://{REDIS_URL.removeprefix('unix://')}"
    return REDIS_URL


PRIVATE_BROKER = not _redis_url()  # `manage.py up` starts it
REDIS_URL = _redis_url() or f"unix://{quote(str(BROKER_SOCKET))}"
BROKER_URL = env.str("BROKER_URL", default="") or _broker_url()

# PubSub: the other Redis layer silently drops what passes its capacity.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "reflow"},
    }
}

# --- Celery: a message is a hint, the table is the queue --------------------------------------

CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # without end
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = False  # a lost hint costs one poll of the keeper
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "reflow"
if BROKER_URL.startswith(("amqp://", "amqps://")):
    # Kept on most nodes of a RabbitMQ cluster, and a hint counts only once they have it.
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_POOL = "prefork"  # one run at a time in each child
WORKER_CHILD_BYTES = env.int("WORKER_CHILD_BYTES", default=1024**3)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = WORKER_CHILD_BYTES // 1024  # Celery's are KiB
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
HINT_TIMEOUT_SECONDS = env.float("HINT_TIMEOUT_SECONDS", default=0.5)

# --- Running ----------------------------------------------------------------------------------

REFLOW_ACTORS = env.list("REFLOW_ACTORS", default=[])  # dotted paths, such as my_package:Double
# The engine's own file, if there is one; REFLOW_<SECTION>__<KEY> in the environment goes over it.
REFLOW_CONFIG = Path(env.str("REFLOW_CONFIG", default=str(BASE_DIR / "reflow.toml")))
LEASE_SECONDS = env.float("LEASE_SECONDS", default=15.0)
RUN_SECONDS = env.float("RUN_SECONDS", default=3600.0)  # a run that takes longer fails
RUN_SECONDS_MAX = env.float("RUN_SECONDS_MAX", default=2_592_000.0)  # that a graph or start sets
NODE_SECONDS = env.float("NODE_SECONDS", default=300.0)  # of one firing
KILL_SECONDS = env.float("KILL_SECONDS", default=5.0)  # to react to cancel, deadline or fencing
PAUSE_HOLD_SECONDS = env.float("PAUSE_HOLD_SECONDS", default=60.0)  # then its worker is free
DRAIN_SECONDS = env.float("DRAIN_SECONDS", default=25.0)  # a stopping worker's runs have to end
LOST_ATTEMPTS = env.int("LOST_ATTEMPTS", default=5)  # of one run; 0: none is queued again

# --- Admission and webhooks -------------------------------------------------------------------

QUEUE_LIMIT = env.int("QUEUE_LIMIT", default=100_000)  # queued runs; then 429
QUEUE_LIMIT_USER = env.int("QUEUE_LIMIT_USER", default=10_000)  # of one user
BULK_LIMIT = env.int("BULK_LIMIT", default=1_000)  # starts in one bulk
USER_PRIORITY = env.int("USER_PRIORITY", default=10)  # -10 to 10; staff have -100 to 100
WEBHOOK_SECRETS = env.list("WEBHOOK_SECRETS", default=[])  # each signs; none: unsigned
WEBHOOK_TIMEOUT_SECONDS = env.float("WEBHOOK_TIMEOUT_SECONDS", default=15.0)  # of one attempt
WEBHOOK_RETRY_SECONDS = env.float("WEBHOOK_RETRY_SECONDS", default=86_400.0)  # then given up
WEBHOOK_BYTES = env.int("WEBHOOK_BYTES", default=1_048_576)  # a larger result is left out

# --- Retention: Celery beat, or `manage.py prune` ---------------------------------------------

# 0: for ever. A workflow's own keep_days and keep_runs go over the first two.
RETENTION_EXECUTIONS_DAYS = env.int("RETENTION_EXECUTIONS_DAYS", default=30)
RETENTION_RUNS_PER_WORKFLOW = env.int("RETENTION_RUNS_PER_WORKFLOW", default=0)
RETENTION_EVENTS_DAYS = env.int("RETENTION_EVENTS_DAYS", default=14)
RETENTION_PAYLOADS_DAYS = env.int("RETENTION_PAYLOADS_DAYS", default=30)
RETENTION_EVERY_SECONDS = env.float("RETENTION_EVERY_SECONDS", default=3600.0)
RETENTION_SECONDS = env.float("RETENTION_SECONDS", default=600.0)  # of one pass; the next goes on
CELERY_BEAT_SCHEDULE = {
    "retention": {
        "task": "workflows.prune",
        "schedule": RETENTION_EVERY_SECONDS,
        "options": {"expires": RETENTION_EVERY_SECONDS},
    }
}

# What actors may reach. Private addresses only if named here: host, address or 10.0.0.0/8.
HTTP_ALLOW = env.bool("HTTP_ALLOW", default=True)
HTTP_ALLOW_PRIVATE = env.list("HTTP_ALLOW_PRIVATE", default=[])
ACTOR_ENVIRONMENT = env.list("ACTOR_ENVIRONMENT", default=[])  # variables that settings may name
ACTOR_READ_PATHS = env.list("ACTOR_READ_PATHS", default=[])
ACTOR_WRITE_PATHS = env.list("ACTOR_WRITE_PATHS", default=[])

# --- Zeal -------------------------------------------------------------------------------------

ZEAL_URL = env.str("ZEAL_URL", default="")  # empty: headless, and nothing is ever sent
ZEAL_API_KEY = env.str("ZEAL_API_KEY", default="")
ZEAL_NAMESPACE = env.str("ZEAL_NAMESPACE", default="reflow")
ZEAL_NODE_ID = env.str("ZEAL_NODE_ID", default="")  # empty: made from the machine's name
ZEAL_USER_ID = env.str("ZEAL_USER_ID", default="user_default")
ZEAL_TRACES = env.str("ZEAL_TRACES", default="auto")  # or zip, flow_traces, seed
ZEAL_SOCKET = env.str("ZEAL_SOCKET", default="auto")  # or socketio, raw, off
ZEAL_SOCKET_URL = env.str("ZEAL_SOCKET_URL", default="")
ZEAL_TIMEOUT_SECONDS = env.float("ZEAL_TIMEOUT_SECONDS", default=60.0)
ZEAL_HANDSHAKE_SECONDS = env.float("ZEAL_HANDSHAKE_SECONDS", default=10.0)
ZEAL_TEMPLATE_CHUNK = env.int("ZEAL_TEMPLATE_CHUNK", default=200)  # templates in one request

# --- Limits -----------------------------------------------------------------------------------

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
EVENT_MESSAGE_BYTES = env.int("EVENT_MESSAGE_BYTES", default=65_536)  # kept whole in an event
EVENT_PREVIEW_CHARACTERS = env.int("EVENT_PREVIEW_CHARACTERS", default=2_048)  # kept of a larger
DEAD_LETTER_BYTES = env.int("DEAD_LETTER_BYTES", default=262_144)  # of one letter's messages
EVENT_PAGE = env.int("EVENT_PAGE", default=500)  # rows a reader takes at once
EVENT_POLL_SECONDS = env.float("EVENT_POLL_SECONDS", default=2.0)  # if a nudge was lost

# --- Admin ------------------------------------------------------------------------------------

UNFOLD = admin_theme.UNFOLD

# --- REST -------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workflows.api.auth.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PARSER_CLASSES": ["workflows.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": [
        "workflows.api.throttles.UserThrottle",
        "workflows.api.throttles.AnonymousThrottle",
    ],
    "EXCEPTION_HANDLER": "workflows.api.errors.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Reflow on Django",
    "DESCRIPTION": "Workflows, their versions, executions and events.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ExecutionStatus": "workflows.models.Status",
        "LetterStatus": "workflows.models.LetterStatus",
        "DeliveryStatus": "workflows.models.DeliveryStatus",
    },
}

# --- Logs: one line each, on standard error ---------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "daphne": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "amqp": {"level": "WARNING"},
    },
}
