"""Where the private broker of one ``var`` folder listens; the settings and ``up`` agree by this."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

LONGEST_PATH = 100  # of a unix socket: the kernel takes 107 bytes, macOS 103


def broker_socket(var_dir: Path) -> Path:
    """``broker.sock`` in the folder; in the temporary one if that path is too long."""
    socket = var_dir / "broker.sock"
    if len(os.fsencode(socket)) <= LONGEST_PATH:
        return socket
    name = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"reflow-{os.getuid()}-{name}" / "broker.sock"
