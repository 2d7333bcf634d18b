"""``python -m tests.docs.write``: put the generated parts into the pages of ``docs/``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).with_name("test_generated.py")


def main() -> int:
    command = [sys.executable, "-m", "pytest", str(TESTS), "--write-docs", "-q", "-k", "up_to_date"]
    return subprocess.run(command, check=False).returncode  # noqa: S603 -- ourselves


if __name__ == "__main__":
    sys.exit(main())
