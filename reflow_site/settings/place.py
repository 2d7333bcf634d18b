"""Where the environment is read from, and where the server writes."""

from __future__ import annotations

from pathlib import Path

from reflow_site.environment import Environment

BASE_DIR = Path(__file__).resolve().parents[2]

env = Environment()
env.read_env(BASE_DIR / ".env")

# All that the server writes. Without a broker or database given, theirs too.
VAR_DIR = env.folder("REFLOW_VAR", BASE_DIR / "var")
CREDENTIALS_FILE = VAR_DIR / "credentials.env"  # of the user that `manage.py up` made
