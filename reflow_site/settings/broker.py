"""The broker, the channel layer and Celery."""

from __future__ import annotations

from urllib.parse import quote

from reflow_site.broker_socket import broker_socket
from reflow_site.settings.place import VAR_DIR, env
from reflow_site.settings.site import TIME_ZONE

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

# --- Celery: a message is a hint, the table is the queue ---------------------------------------

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
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 30.0  # a busy machine starts a child slowly; 4 s would kill it
CELERY_WORKER_POOL = "prefork"  # one run at a time in each child
WORKER_NICE = env.int(
    "WORKER_NICE", default=10
)  # how far runs give way to the web process: 0 to 19
WORKER_CHILD_BYTES = env.int("WORKER_CHILD_BYTES", default=1024**3)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = WORKER_CHILD_BYTES // 1024  # Celery's are KiB
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
HINT_TIMEOUT_SECONDS = env.float("HINT_TIMEOUT_SECONDS", default=0.5)
