"""A real server for a test, ended whatever the test has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.server import Start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    servers: list[Server] = []

    def made(*options: str, measured: bool = False, **environment: str) -> Server:
        folder = tmp_path / "var of mine"
        server = Server(folder, *options, measured=measured, **environment)
        servers.append(server)
        return server

    yield made
    for server in servers:
        server.close()
