"""How runs are admitted, run and told of, and what their actors may reach."""

from __future__ import annotations

from pathlib import Path

from reflow_site.settings.place import BASE_DIR, env

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

# --- Admission and webhooks --------------------------------------------------------------------

QUEUE_LIMIT = env.int("QUEUE_LIMIT", default=100_000)  # queued runs; then 429
QUEUE_LIMIT_USER = env.int("QUEUE_LIMIT_USER", default=10_000)  # of one user
BULK_LIMIT = env.int("BULK_LIMIT", default=1_000)  # starts in one bulk
USER_PRIORITY = env.int("USER_PRIORITY", default=10)  # -10 to 10; staff have -100 to 100
WEBHOOK_SECRETS = env.list("WEBHOOK_SECRETS", default=[])  # each signs; none: unsigned
WEBHOOK_TIMEOUT_SECONDS = env.float("WEBHOOK_TIMEOUT_SECONDS", default=15.0)  # of one attempt
WEBHOOK_RETRY_SECONDS = env.float("WEBHOOK_RETRY_SECONDS", default=86_400.0)  # then given up
WEBHOOK_BYTES = env.int("WEBHOOK_BYTES", default=1_048_576)  # a larger result is left out

# What actors may reach. Private addresses only if named here: host, address or 10.0.0.0/8.
HTTP_ALLOW = env.bool("HTTP_ALLOW", default=True)
HTTP_ALLOW_PRIVATE = env.list("HTTP_ALLOW_PRIVATE", default=[])
ACTOR_ENVIRONMENT = env.list("ACTOR_ENVIRONMENT", default=[])  # variables that settings may name
ACTOR_READ_PATHS = env.list("ACTOR_READ_PATHS", default=[])
ACTOR_WRITE_PATHS = env.list("ACTOR_WRITE_PATHS", default=[])
