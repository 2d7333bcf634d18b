"""The HTTP client: what it reaches, what it refuses, and where it stops."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import logging
import socket
import ssl
import subprocess
import sys
import time
import zlib
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.errors import CodecError, ConfigError, PermissionDeniedError
from engine.http import (
    HttpClient,
    HttpConnectError,
    HttpDeniedError,
    HttpError,
    HttpLimitError,
    HttpLimits,
    HttpProtocolError,
    HttpRedirectError,
    HttpRequestError,
    HttpTimeoutError,
    HttpTlsError,
)
from engine.http.addresses import Allowed, why_denied
from engine.permissions import NOTHING, Permissions
from tests.engine.web import Request, always, answer, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLIC = Permissions(network=True)
LOOPBACK = Permissions(network=True, private_hosts=frozenset({"127.0.0.1"}))


def resolving(*answers: Sequence[str]) -> Resolver:
    """A name server that gives these answers, one a lookup, and notes what it was asked."""
    return Resolver(list(answers))


class Resolver:
    def __init__(self, answers: list[Sequence[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def failure(
    client: HttpClient, url: str, method: str = "GET", **options: object
) -> HttpError:
    """The error of a request that must not succeed, within a deadline."""
    async with asyncio.timeout(10), client:
        with pytest.raises(HttpError) as caught:
            await client.request(method, url, **options)  # type: ignore[arg-type]
    return caught.value


# What an answer looks like


async def test_an_answer_has_status_headers_body_method_and_url() -> None:
    reply = answer(b'{"a": 1}', "201 Created", {"Content-Type": "application/json", "X-A": "b"})
    async with serving(always(reply)) as server, HttpClient(LOOPBACK) as client:
        response = await client.request("post", server.url("/x?q=1"), content=b"hello")

    assert (response.status, response.json(), response.text) == (201, {"a": 1}, '{"a": 1}')
    assert (response.headers["x-a"], response.method) == ("b", "POST")
    assert response.url == server.url("/x?q=1")
    assert (server.requests[0].body, server.requests[0].target) == (b"hello", "/x?q=1")


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "500 Broken", "304 Same"])
async def test_every_status_is_an_answer(status: str) -> None:
    async with serving(always(answer(status=status))) as server, HttpClient(LOOPBACK) as client:
        response = await client.request("GET", server.url())

    assert response.status == int(status[:3])


async def test_gzip_is_unpacked_several_members_too() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    reply = answer(packed, headers={"content-encoding": "gzip"})
    async with serving(always(reply)) as server, HttpClient(LOOPBACK) as client:
        response = await client.request("GET", server.url())

    assert response.body == b"one two"
    assert server.requests[0].headers["accept-encoding"] == "gzip"


async def test_a_text_is_read_in_the_character_set_of_its_header() -> None:
    reply = answer("grün".encode("latin-1"), headers={"content-type": "text/plain; charset=latin1"})
    async with serving(always(reply)) as server, HttpClient(LOOPBACK) as client:
        response = await client.request("GET", server.url())

    assert response.text == "grün"


async def test_an_unknown_character_set_and_broken_json_do_no_harm() -> None:
    reply = answer(b"{nope", headers={"content-type": "text/plain; charset=klingon"})
    async with serving(always(reply)) as server, HttpClient(LOOPBACK) as client:
        response = await client.request("GET", server.url())

    assert response.text == "{nope"
    with pytest.raises(CodecError):
        response.json()


async def test_cookies_of_one_answer_are_not_sent_with_the_next_request() -> None:
    reply = answer(headers={"set-cookie": "session=abc; Path=/"})
    async with serving(always(reply)) as server, HttpClient(LOOPBACK) as client:
        await client.request("GET", server.url())
        await client.request("GET", server.url())

    assert ["cookie" in request.headers for request in server.requests] == [False, False]


async def test_user_and_password_in_the_url_become_basic_auth_and_are_not_shown() -> None:
    async with serving(always(answer())) as server, HttpClient(LOOPBACK) as client:
        response = await client.request("GET", f"http://user:secret@127.0.0.1:{server.port}/")

    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert response.url == server.url("/")


# Who may be reached


async def test_without_the_permission_nothing_is_reached_and_nothing_is_looked_up() -> None:
    resolver = resolving(["93.184.216.34"])

    error = await failure(HttpClient(NOTHING, resolver=resolver), "http://example.com/")

    assert isinstance(error, PermissionDeniedError)
    assert (error.code, error.retryable, resolver.asked) == ("permission_denied", False, [])
    assert str(error) == "this run may not use the network (permission: network)"


DENIED_HOSTS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "127。0。0。1",
    "１２７.0.0.1",  # noqa: RUF001 -- full-width digits are the point
    "0.0.0.0",  # noqa: S104 -- denied, not bound
    "0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.1.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:8.8.8.8]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    "[4000::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "redis",
    "metadata",
    "metadata.google.internal",
    "db.svc.cluster.local",
    "router.home.arpa",
]


@pytest.mark.parametrize("host", DENIED_HOSTS)
async def test_inner_hosts_are_denied_before_any_lookup(host: str) -> None:
    resolver = resolving(["93.184.216.34"])

    error = await failure(HttpClient(PUBLIC, resolver=resolver), f"http://{host}:9/")

    assert isinstance(error, (HttpDeniedError, HttpRequestError))
    assert resolver.asked == []


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0", "169.254.169.254", "fd00::1"]
)
async def test_a_name_that_stands_for_an_inner_address_is_denied(address: str) -> None:
    error = await failure(
        HttpClient(PUBLIC, resolver=resolving([address])), "http://evil.example/?token=abc"
    )

    assert isinstance(error, HttpDeniedError)
    assert "evil.example" in str(error)


async def test_one_inner_address_among_public_ones_denies_the_name() -> None:
    resolver = resolving(["93.184.216.34", "127.0.0.1"])

    error = await failure(HttpClient(PUBLIC, resolver=resolver), "http://mixed.example/")

    assert str(error) == ("mixed.example (127.0.0.1) may not be reached: loopback (private_hosts)")


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "1.1.1.1"])
def test_public_addresses_are_not_denied(address: str) -> None:
    assert why_denied(ip_address(address)) == ""


async def test_a_name_is_looked_up_once_and_the_checked_address_is_dialled() -> None:
    resolver = resolving(["127.0.0.1"], ["10.0.0.1"])
    async with (
        serving(always(answer(b"here"))) as server,
        HttpClient(LOOPBACK, resolver=resolver) as client,
    ):
        response = await client.request("GET", server.url(host="rebind.example"))

    assert (response.body, resolver.asked) == (b"here", ["rebind.example"])
    assert server.requests[0].headers["host"] == f"rebind.example:{server.port}"


async def test_a_name_that_changes_its_address_is_checked_again() -> None:
    resolver = resolving(["127.0.0.1"], ["127.0.0.2"])
    async with serving(always(answer())) as server:
        client = HttpClient(LOOPBACK, resolver=resolver)
        await client.request("GET", server.url(host="rebind.example"))
        error = await failure(client, server.url(host="rebind.example"))

    assert isinstance(error, HttpDeniedError)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://public.example@127.0.0.1:9/",
        "http://public.example:80@127.0.0.1:9/",
        "http://user:pa@ss@127.0.0.1:9/",
        "http://public.example#@127.0.0.1:9/",
        "http://127.0.0.1:9#@public.example/",
        "http://127.0.0.1:9\\@public.example/",
        "http://256.256.256.256/",
        "http://1.2.3.4.5/",
        "http://0x7f.0x/",
        "http://public.example\t@127.0.0.1/",
    ],
)
async def test_tricks_with_the_user_part_reach_no_inner_host(url: str) -> None:
    resolver = resolving(["10.9.9.9"])

    error = await failure(HttpClient(PUBLIC, resolver=resolver), url)

    assert isinstance(error, (HttpDeniedError, HttpRequestError))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://example.com/",
        "unix:///var/run/docker.sock",
        "data:text/plain,x",
        "javascript:alert(1)",
        "//example.com/",
        "/path",
        "",
        "http://",
        "http://:80/",
        "http:///path",
        "http://[::1",
        "http://a b/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://example.com/" + "a" * 9000,
        "http://exa\x00mple.com/",
    ],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    error = await failure(HttpClient(PUBLIC, resolver=resolving(["8.8.8.8"])), url)

    assert isinstance(error, HttpRequestError)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(always(answer(b"direct"))) as server, HttpClient(LOOPBACK) as client:
        response = await client.request("GET", server.url())

    assert response.body == b"direct"


# What an operator allows


@pytest.mark.parametrize(
    "entry", ["127.0.0.1", "127.0.0.0/8", "*", "127.0.0.1:{port}", "inner.example", "::1,127.0.0.1"]
)
async def test_private_hosts_opens_hosts_addresses_networks_and_ports(entry: str) -> None:
    async with serving(always(answer(b"in"))) as server:
        entries = frozenset(entry.format(port=server.port).split(","))
        permissions = Permissions(network=True, private_hosts=entries)
        async with HttpClient(permissions, resolver=resolving(["127.0.0.1"])) as client:
            response = await client.request("GET", server.url(host="inner.example"))

    assert response.body == b"in"


@pytest.mark.parametrize("entry", ["127.0.0.1:1", "127.0.0.2", "10.0.0.0/8", "other.example"])
async def test_private_hosts_opens_nothing_else(entry: str) -> None:
    permissions = Permissions(network=True, private_hosts=frozenset({entry}))

    error = await failure(HttpClient(permissions), "http://127.0.0.1:9/")

    assert isinstance(error, HttpDeniedError)


@pytest.mark.parametrize("entry", ["*", "169.254.0.0/16", "cloud.example"])
async def test_a_metadata_service_is_open_only_when_named_itself(entry: str) -> None:
    permissions = Permissions(network=True, private_hosts=frozenset({entry}))
    resolver = resolving(["169.254.169.254"])

    error = await failure(HttpClient(permissions, resolver=resolver), "http://cloud.example/")

    assert "metadata" in str(error)
    named = Allowed.parse(["169.254.169.254"])
    assert named.address(ip_address("169.254.169.254"), 80)


def test_every_wrong_entry_of_private_hosts_is_a_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        HttpClient(
            Permissions(network=True, private_hosts=frozenset({"10.0.0.0/33", "a b", "h:0"}))
        )

    assert len(caught.value.problems) == 3


def test_ipv6_with_a_port_is_understood() -> None:
    allowed = Allowed.parse(["[::1]:80", "fd00::/8"])

    assert allowed.address(ip_address("::1"), 80)
    assert not allowed.address(ip_address("::1"), 81)
    assert allowed.address(ip_address("fd12::1"), 443)


async def test_localhost_is_found_by_the_machines_own_resolver() -> None:
    permissions = Permissions(network=True, private_hosts=frozenset({"localhost"}))
    async with serving(always(answer(b"home"))) as server, HttpClient(permissions) as client:
        response = await client.request("GET", server.url(host="localhost"))

    assert response.body == b"home"


# Redirects


def redirecting(**targets: str) -> object:
    """Answer each path of ``targets`` with a redirect there, every other path with ok."""

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        target = targets.get(request.target.strip("/"))
        if target is None:
            writer.write(answer(b"arrived"))
        else:
            writer.write(answer(status="302 Found", headers={"location": target}))

    return respond


async def test_redirects_are_followed() -> None:
    async with (
        serving(redirecting(a="/b", b="/c")) as server,  # type: ignore[arg-type]
        HttpClient(LOOPBACK) as client,
    ):
        response = await client.request("GET", server.url("/a"))

    assert (response.body, response.url) == (b"arrived", server.url("/c"))


@pytest.mark.parametrize(
    ("target", "error_class"),
    [
        ("http://127.0.0.2:9/", HttpDeniedError),
        ("http://[::1]:9/", HttpDeniedError),
        ("http://localhost:9/", HttpDeniedError),
        ("http://169.254.169.254/latest/meta-data", HttpDeniedError),
        ("http://2130706434:9/", HttpDeniedError),
        ("file:///etc/passwd", HttpRedirectError),
        ("gopher://127.0.0.1/", HttpRedirectError),
        ("http://[broken/", HttpRedirectError),
    ],
)
async def test_each_hop_is_checked(target: str, error_class: type[HttpError]) -> None:
    async with serving(redirecting(a=target)) as server:  # type: ignore[arg-type]
        error = await failure(HttpClient(LOOPBACK), server.url("/a"))

    assert isinstance(error, error_class)
    assert len(server.requests) == 1


async def test_a_redirect_without_end_stops_after_five() -> None:
    async with serving(redirecting(a="/a")) as server:  # type: ignore[arg-type]
        error = await failure(HttpClient(LOOPBACK), server.url("/a"))

    assert isinstance(error, HttpRedirectError)
    assert len(server.requests) == 6


async def test_secrets_do_not_follow_a_redirect_to_another_origin() -> None:
    secret = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "k", "X-Plain": "p"}
    async with serving(redirecting()) as there:  # type: ignore[arg-type]
        target = redirecting(near="/far", far=there.url("/end"))
        async with (
            serving(target) as here,  # type: ignore[arg-type]
            HttpClient(LOOPBACK) as client,
        ):
            await client.request("GET", here.url("/near"), headers=secret)

    assert here.requests[1].headers["authorization"] == "Bearer x"
    kept = {name.lower() for name in secret} & there.requests[0].headers.keys()
    assert kept == {"x-plain"}


# Where it stops


async def test_a_gzip_bomb_is_stopped_while_it_is_small() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"\0" * (1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(200)) + packer.flush()
    async with serving(always(answer(bomb, headers={"content-encoding": "gzip"}))) as server:
        error = await failure(HttpClient(LOOPBACK), server.url())

    assert isinstance(error, HttpLimitError)
    assert (error.limit, error.retryable) == ("ratio", False)


async def test_a_large_unpacked_body_is_refused() -> None:
    reply = answer(gzip.compress(bytes(range(256)) * 40), headers={"content-encoding": "gzip"})
    async with serving(always(reply)) as server:
        limits = HttpLimits(decoded_bytes=10_000)
        error = await failure(HttpClient(LOOPBACK, limits=limits), server.url())

    assert str(error) == ("the unpacked answer is larger than 10000 bytes (limit: decoded_bytes)")


async def test_a_declared_size_over_the_limit_is_refused_unread() -> None:
    reply = answer(headers={"content-length": str(1 << 40)})
    async with serving(always(reply)) as server:
        error = await failure(HttpClient(LOOPBACK), server.url())

    assert isinstance(error, HttpLimitError)
    assert error.limit == "wire_bytes"


async def test_an_endless_body_is_cut() -> None:
    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with serving(respond) as server:
        limits = HttpLimits(wire_bytes=1 << 20)
        error = await failure(HttpClient(LOOPBACK, limits=limits), server.url())

    assert isinstance(error, HttpLimitError)
    assert error.limit == "wire_bytes"


async def test_a_slow_drip_ends_at_the_total_deadline() -> None:
    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(respond) as server:
        begun = time.monotonic()
        error = await failure(HttpClient(LOOPBACK), server.url("/?key=hidden"), total=0.3)

    assert isinstance(error, HttpTimeoutError)
    assert str(error) == f"{server.url('/')}?key=...: no whole answer in 0.3 s"
    assert (error.retryable, time.monotonic() - begun < 3) == (True, True)


async def test_silence_ends_at_the_read_timeout() -> None:
    async def respond(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(respond) as server:
        limits = HttpLimits(read=0.1)
        error = await failure(HttpClient(LOOPBACK, limits=limits), server.url())

    assert isinstance(error, HttpTimeoutError)


async def test_a_name_server_that_does_not_answer_ends_at_the_connect_timeout() -> None:
    async def silent(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    limits = HttpLimits(connect=0.1)
    error = await failure(
        HttpClient(PUBLIC, limits=limits, resolver=silent), "http://slow.example/"
    )

    assert isinstance(error, HttpTimeoutError)


@pytest.mark.parametrize("answers", [[], ["not an address"]])
async def test_a_name_without_an_address_is_a_connect_error(answers: list[str]) -> None:
    error = await failure(HttpClient(PUBLIC, resolver=resolving(answers)), "http://no.example/")

    assert isinstance(error, HttpConnectError)
    assert str(error) == "no.example: no such host"


async def test_nobody_listening_is_a_retryable_connect_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await failure(
            HttpClient(LOOPBACK), f"http://u:pw@127.0.0.1:{taken.getsockname()[1]}/?a=secret"
        )

    assert isinstance(error, HttpConnectError)
    assert error.retryable
    assert not {"pw", "secret"} & set(str(error).replace("?", " ").replace("=", " ").split())


@pytest.mark.parametrize(
    "reply",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 30_000 + b"\r\n",
        answer(b"abc", headers={"content-encoding": "br"}),
        answer(b"not gzip", headers={"content-encoding": "gzip"}),
        answer(gzip.compress(b"cut off")[:-4], headers={"content-encoding": "gzip"}),
        b"",
    ],
)
async def test_a_broken_answer_is_a_protocol_error(reply: bytes) -> None:
    async with serving(always(reply)) as server:
        error = await failure(HttpClient(LOOPBACK), server.url("/?token=hidden"))

    assert isinstance(error, (HttpProtocolError, HttpConnectError))
    assert "hidden" not in str(error)


async def test_a_cancelled_request_ends_at_once() -> None:
    asked = asyncio.Event()

    async def respond(_request: Request, _writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with serving(respond) as server, HttpClient(LOOPBACK) as client:
        task = asyncio.create_task(client.request("GET", server.url()))
        async with asyncio.timeout(5):
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


# What goes into a request


@pytest.mark.parametrize(
    "headers",
    [
        {"a b": "c"},
        {"": "c"},
        {"a:": "c"},
        {"a": "b\r\nx: y"},
        {"a": "b\x00"},
        {"Host": "other.example"},
        {"a": "x" * 70_000},
    ],
)
async def test_headers_that_could_break_a_request_are_refused(headers: dict[str, str]) -> None:
    error = await failure(HttpClient(LOOPBACK), "http://127.0.0.1:9/", headers=headers)

    assert isinstance(error, HttpRequestError)


async def test_framing_headers_are_the_clients_own_and_text_is_utf8() -> None:
    headers = {"Content-Length": "999", "Transfer-Encoding": "chunked", "X-Name": "grün"}
    async with serving(always(answer())) as server, HttpClient(LOOPBACK) as client:
        await client.request("POST", server.url(), headers=headers, content=b"abc")

    sent = server.requests[0].headers
    assert (sent["content-length"], "transfer-encoding" in sent) == ("3", False)
    assert sent["x-name"].encode("latin-1").decode() == "grün"


@pytest.mark.parametrize("method", ["GET /", "", "CONNECT", "TRACE", "G\r\nT"])
async def test_methods_that_are_none_are_refused(method: str) -> None:
    error = await failure(HttpClient(LOOPBACK), "http://127.0.0.1:9/", method)

    assert isinstance(error, HttpRequestError)


async def test_a_body_over_the_limit_is_refused() -> None:
    limits = HttpLimits(request_bytes=3)

    error = await failure(
        HttpClient(LOOPBACK, limits=limits), "http://127.0.0.1:9/", "POST", content=b"abcd"
    )

    assert isinstance(error, HttpLimitError)


async def test_a_request_leaves_no_address_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="httpx")
    async with serving(always(answer())) as server, HttpClient(LOOPBACK) as client:
        await client.request("GET", server.url("/?token=hidden"))

    assert "hidden" not in caplog.text


# TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate and its key for secure.example, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "secure.example")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("secure.example")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def test_tls_asks_for_the_name_though_the_address_is_dialled(certificate: Path) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    trusted = ssl.create_default_context(cafile=str(certificate))
    async with (
        serving(always(answer(b"safe")), context=context) as server,
        HttpClient(LOOPBACK, resolver=resolving(["127.0.0.1"]), ssl_context=trusted) as client,
    ):
        response = await client.request("GET", f"https://secure.example:{server.port}/")

    assert (response.body, names) == (b"safe", ["secure.example"])


async def test_an_untrusted_certificate_is_refused(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with serving(always(answer()), context=context) as server:
        error = await failure(
            HttpClient(LOOPBACK, resolver=resolving(["127.0.0.1"])),
            f"https://secure.example:{server.port}/",
        )

    assert isinstance(error, HttpTlsError)
    assert not error.retryable


# The one client


@pytest.mark.parametrize("package", ["engine", "workflows", "observability"])
def test_no_other_module_speaks_http(package: str) -> None:
    foreign = ("import httpx", "import httpcore", "import aiohttp", "urllib.request", "http.client")
    root = Path(__file__).parents[2]

    offenders = [
        str(path)
        for path in (root / package).rglob("*.py")
        if (root / "engine/http") not in path.parents
        and any(name in path.read_text(encoding="utf-8") for name in foreign)
    ]

    assert offenders == []


def test_the_engine_loads_neither_http_nor_cel_before_they_are_needed() -> None:
    script = (
        "import sys; from engine import Network, builtin; builtin().get('tpl_passthrough'); "
        "print([name for name in ('httpx', 'httpcore', 'cel_expr_python', 're2') "
        "if name in sys.modules])"
    )

    done = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )

    assert done.stdout.strip() == "[]"
