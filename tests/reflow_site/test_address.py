from __future__ import annotations

import socket

import pytest

from reflow_site.supervisor.address import Address, AddressError, ensure_free, parse


@pytest.mark.parametrize(
    ("text", "port", "address", "url"),
    [
        ("127.0.0.1", None, Address("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        ("0.0.0.0:9000", None, Address("0.0.0.0", 9000), "http://127.0.0.1:9000"),  # noqa: S104
        ("0.0.0.0:9000", 81, Address("0.0.0.0", 81), "http://127.0.0.1:81"),  # noqa: S104
        (":9000", None, Address("127.0.0.1", 9000), "http://127.0.0.1:9000"),
        ("[::1]:9000", None, Address("::1", 9000), "http://[::1]:9000"),
        ("::", 9000, Address("::", 9000), "http://[::1]:9000"),
        ("[::1]", None, Address("::1", 8080), "http://[::1]:8080"),
        ("host.example", 1, Address("host.example", 1), "http://host.example:1"),
    ],
)
def test_an_address_is_read_and_its_url_can_be_opened(
    text: str, port: int | None, address: Address, url: str
) -> None:
    read = parse(text, port)

    assert read == address
    assert read.url == url


@pytest.mark.parametrize(
    ("text", "port", "problem"),
    [
        ("host:http", None, "'http' is no port: 1 to 65535"),
        ("host:65536", None, "'65536' is no port: 1 to 65535"),
        ("host", 0, "0 is no port: 1 to 65535"),
        ("host:1", -1, "-1 is no port: 1 to 65535"),
        ("host:\N{SUPERSCRIPT TWO}", None, "'²' is no port: 1 to 65535"),
    ],
)
def test_what_is_no_port_is_refused(text: str, port: int | None, problem: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse(text, port)

    assert str(caught.value) == problem


def test_a_free_port_is_accepted() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]

    ensure_free(Address("127.0.0.1", port))


def test_a_taken_port_is_named_with_the_fix() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        with pytest.raises(AddressError) as caught:
            ensure_free(Address("127.0.0.1", port))

    other = port + 1000 if port < 60000 else 9000
    assert str(caught.value) == (
        f"Port {port} is taken by another program. Stop it, or choose:"
        f' make run ARGS="--port {other}"'
    )


def test_an_address_of_another_machine_is_refused_with_the_fix() -> None:
    with pytest.raises(
        AddressError, match=r"^Cannot listen on 203\.0\.113\.1: .*--bind 127\.0\.0\.1$"
    ):
        ensure_free(Address("203.0.113.1", 8080))
