"""What is kept, where the large texts are, and for how long."""

from __future__ import annotations

from reflow_site.settings.place import VAR_DIR, env
from reflow_site.storage import storages

# --- Large payloads: outside the database ------------------------------------------------------

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

# --- Retention: Celery beat, or `manage.py prune` ----------------------------------------------

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
