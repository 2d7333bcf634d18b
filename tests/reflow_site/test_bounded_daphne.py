"""The real Daphne, asked on a unix socket: long bodies cost it nothing, forms are Django's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 1000
SECONDS = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a server that takes bodies of 1,000 bytes."""
    folder = tmp_path_factory.mktemp("web")
    path = folder / "web.sock"
    own = {
        "REFLOW_VAR": str(folder),
        "API_MAX_BODY_BYTES": str(LIMIT),
        "WS_UNREAD_BYTES": "100000",
        "WS_UNREAD_SECONDS": "0.3",
    }
    command = [sys.executable, "-m", "reflow_site.bounded_daphne", "-v", "0", "-u", str(path)]
    web = subprocess.Popen(  # noqa: S603 -- our own command
        [*command, "tests.reflow_site.flood:application"], env=os.environ | own
    )
    with web:
        deadline = time.monotonic() + SECONDS
        while not path.exists():
            assert web.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.05)
        yield path
        web.terminate()


def ask(server: Path, *parts: bytes) -> bytes:
    """Everything that is answered until the server closes."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS)
        client.connect(str(server))
        for part in parts:
            client.sendall(part)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def post(*headers: str) -> bytes:
    lines = ["POST /workflows HTTP/1.1", "Host: localhost", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def read(answer: bytes) -> tuple[str, str]:
    """The status line and the error's code."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.splitlines()[0].decode(), json.loads(body)["code"]


TOO_LARGE = ("HTTP/1.1 413 Content Too Large", "body_too_large")


def test_a_length_over_the_limit_is_refused_and_the_rest_thrown_away(server: Path) -> None:
    answer = ask(server, post(f"Content-Length: {5 * LIMIT}"), b"x" * 5 * LIMIT)

    assert read(answer) == TOO_LARGE


def test_a_client_that_waits_for_a_go_ahead_is_refused_before_it_sends(server: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS)
        client.connect(str(server))

        client.sendall(post("Content-Length: 5000", "Expect: 100-continue"))

        assert client.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_chunks_are_counted(server: Path) -> None:
    chunk = b"190\r\n" + b"x" * 400 + b"\r\n"

    answer = ask(server, post("Transfer-Encoding: chunked"), chunk, chunk, chunk, b"0\r\n\r\n")

    assert read(answer) == TOO_LARGE


def test_a_body_without_an_end_is_cut_off(server: Path) -> None:
    chunk = b"190\r\n" + b"x" * 400 + b"\r\n"

    answer = ask(server, post("Transfer-Encoding: chunked"), *[chunk] * 26)

    assert read(answer) == TOO_LARGE


def test_a_broken_form_is_answered_by_django(server: Path) -> None:
    kind = "Content-Type: multipart/form-data"

    answer = ask(server, post(kind, "Content-Length: 2", "Connection: close"), b"{}")

    assert read(answer) == ("HTTP/1.1 401 Unauthorized", "not_authenticated")


def test_a_client_that_never_reads_is_cut_off(server: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS)
        client.connect(str(server))
        client.sendall(UPGRADE)
        ended = ask(server, b"GET /ended HTTP/1.0\r\n\r\n")  # answers once the other is over
        came = b"".join(iter(lambda: client.recv(65_536), b""))

    assert ended.endswith(b"over")
    assert b"101 Switching Protocols" in came
    assert len(came) < 2_000_000  # of 100 MB, most of it in the kernel's buffers


UPGRADE = (
    b"GET /flood HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def test_it_can_be_imported_before_django_is_set_up(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}

    done = subprocess.run(
        [sys.executable, "-c", "import reflow_site.bounded_daphne"],
        env=own | {"REFLOW_VAR": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
