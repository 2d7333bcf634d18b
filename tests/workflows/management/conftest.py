from __future__ import annotations

import runpy
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = Path(__file__).parents[3] / "examples" / "customer_service.py"


@pytest.fixture
def customer_url() -> Iterator[str]:
    """The customer service of the examples, on a free port of this machine."""
    server = runpy.run_path(str(SERVICE))["serve"](0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()
