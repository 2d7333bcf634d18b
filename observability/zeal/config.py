"""Which Zeal there is and how to talk to it, read once from the settings."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from engine.errors import ConfigError, Problem
from engine.http import HttpError, HttpLimits
from engine.http.request import parse_url
from engine.permissions import Permissions

Choice = TypeVar("Choice", bound=StrEnum)
DEFAULT_PORTS = {"http": 80, "https": 443}


class TraceApi(StrEnum):
    """Where traces go. ``auto`` tries ``zip`` and turns to ``flow_traces`` when it must."""

    AUTO = "auto"
    ZIP = "zip"  # /api/zip/traces
    FLOW_TRACES = "flow_traces"  # /api/flow-traces, which every release of Zeal serves
    SEED = "seed"  # the paths of the original Reflow's text: /api/traces, /api/templates/register


class SocketKind(StrEnum):
    """Which live socket is used. ``auto`` finds out."""

    AUTO = "auto"
    SOCKETIO = "socketio"
    RAW = "raw"  # plain frames on /ws/zip
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ZealConfig:
    """Times in seconds. ``url`` and ``socket_url`` end without a slash.

    Args:
        api_key: sent as a bearer token; empty: none is sent.
        namespace: of our templates in Zeal.
        node_id: names this installation to Zeal, as ``x-client-id``.
        user_id: whose workflows are listed (``x-user-id``).
        socket_url: empty: found out from Zeal.
        timeout: of one call.
        handshake: until a live socket must have answered.
        chunk: templates in one request.
        preview_characters: of a message, shown in its trace; 0 shows none.
        bridges: runs that are told to Zeal at the same time.
        backlog_days: for which a run is kept for a Zeal that is away.
        backlog_events: over so many, messages of the oldest runs are left out.
    """

    url: str
    api_key: str = ""
    namespace: str = "reflow"
    node_id: str = "reflow"
    user_id: str = "user_default"
    traces: TraceApi = TraceApi.AUTO
    socket: SocketKind = SocketKind.AUTO
    socket_url: str = ""
    timeout: float = 60
    handshake: float = 10
    chunk: int = 200
    preview_characters: int = 0
    bridges: int = 32
    backlog_days: float = 7
    backlog_events: int = 5_000_000

    @property
    def profile(self) -> str:
        """``zeal``, or ``seed`` for the paths of the original Reflow's text."""
        return "seed" if self.traces is TraceApi.SEED else "zeal"

    def permissions(self) -> Permissions:
        """Zeal's own host, which may be private, and the public network.

        No redirect is followed, so nothing but what is configured is ever called.
        """
        hosts = {self.url, self.socket_url} - {""}
        return Permissions(network=True, private_hosts=frozenset(map(_host_and_port, hosts)))

    def limits(self) -> HttpLimits:
        """Of the HTTP client; a call is as long as ``timeout`` lets it be."""
        return HttpLimits(
            redirects=0, read=self.timeout, total=self.timeout, max_total=self.timeout
        )


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or DEFAULT_PORTS[parts.scheme]}"


def zeal_config() -> ZealConfig | None:
    """What is configured; None is headless: no Zeal, and nothing is ever sent.

    Raises:
        ConfigError: with a problem for each setting that is wrong.
    """
    if not settings.ZEAL_URL:
        return None
    problems: list[Problem] = []
    found = ZealConfig(
        url=_address("ZEAL_URL", problems),
        api_key=settings.ZEAL_API_KEY,
        namespace=_namespace(problems),
        node_id=settings.ZEAL_NODE_ID or _node_id(),
        user_id=settings.ZEAL_USER_ID,
        traces=_choice("ZEAL_TRACES", TraceApi, problems),
        socket=_choice("ZEAL_SOCKET", SocketKind, problems),
        socket_url=_address("ZEAL_SOCKET_URL", problems) if settings.ZEAL_SOCKET_URL else "",
        timeout=settings.ZEAL_TIMEOUT_SECONDS,
        handshake=settings.ZEAL_HANDSHAKE_SECONDS,
        chunk=settings.ZEAL_TEMPLATE_CHUNK,
        preview_characters=settings.ZEAL_PREVIEW_CHARACTERS if settings.ZEAL_PREVIEWS else 0,
        bridges=settings.ZEAL_BRIDGES,
        backlog_days=settings.ZEAL_BACKLOG_DAYS,
        backlog_events=settings.ZEAL_BACKLOG_EVENTS,
    )
    if problems:
        raise ConfigError(problems)
    return found


def _address(name: str, problems: list[Problem]) -> str:
    """The address without the slashes at its end. A wrong one is not told: it may hold a key."""
    given = getattr(settings, name).rstrip("/")
    secure = {"ws": "http", "wss": "https"}
    scheme, _, rest = given.partition("://")
    try:
        parsed = parse_url(f"{secure.get(scheme, scheme)}://{rest}")
    except HttpError as error:
        problems.append(Problem(name, f"is no web address: {error}"))
        return ""
    if parsed.query or parsed.fragment or parsed.userinfo:
        problems.append(Problem(name, "holds more than an address; a key goes into ZEAL_API_KEY"))
        return ""
    return str(parsed).rstrip("/")


def _namespace(problems: list[Problem]) -> str:
    name = str(settings.ZEAL_NAMESPACE)
    if not name or "/" in name or "\0" in name:
        problems.append(Problem("ZEAL_NAMESPACE", f"is {name!r}: give a name without a slash"))
    return name


def _choice(name: str, kind: type[Choice], problems: list[Problem]) -> Choice:
    value = getattr(settings, name)
    try:
        return kind(value)
    except ValueError:
        problems.append(Problem(name, f"is {value!r}: use one of {', '.join(kind)}"))
        return next(iter(kind))


def _node_id() -> str:
    """The same on each start of a machine."""
    return f"reflow-{hashlib.sha256(platform.node().encode()).hexdigest()[:8]}"
