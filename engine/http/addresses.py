"""Which network addresses a run may reach: an explicit list, the same on every Python.

``ipaddress.is_private`` changed its meaning between patch releases; this list does not.
Source: the IANA special-purpose address registries, and the metadata services of clouds.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, Self, TypeAlias

from engine.errors import ConfigError, Problem
from engine.http.errors import HttpDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterable

Address: TypeAlias = IPv4Address | IPv6Address
NetworkRange: TypeAlias = IPv4Network | IPv6Network

# Reachable only when named one by one: they hand out a machine's credentials.
METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "fd00:ec2::254", "168.63.129.16", "100.100.100.200"))
)

_DENIED_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared (CGNAT)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved"),
        ("198.51.100.0/24", "reserved"),
        ("203.0.113.0/24", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)

_DENIED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "reserved"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "reserved"),
        ("fc00::/7", "private (ULA)"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")  # everything outside is not handed out

_DENIED_NAMES = frozenset({"localhost", "instance-data", "metadata"})
_DENIED_SUFFIXES = (
    ".localhost",
    ".local",
    ".localdomain",
    ".internal",  # metadata.google.internal among them
    ".intranet",
    ".lan",
    ".home.arpa",
    ".arpa",
    ".onion",
)
_NUMERIC_LABEL = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def why_denied(address: Address) -> str:
    """What kind of inner address this is; empty for one on the public internet."""
    if address in METADATA:
        return "a cloud's metadata service"
    denied = _DENIED_V4 if isinstance(address, IPv4Address) else _DENIED_V6
    for network, why in denied:
        if address in network:
            return why
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return "reserved"
    return ""


def plain_address(text: str) -> Address:
    """The address of a canonical text, without a zone: ``fe80::1%eth0`` is ``fe80::1``.

    Raises:
        ValueError: it is none.
    """
    return ip_address(text.partition("%")[0])


def literal(host: str) -> Address | None:
    """The address that a host is, in any spelling C libraries know, or None for a name.

    Raises:
        HttpDeniedError: it looks like an address, but is none.
    """
    try:
        return plain_address(host)
    except ValueError:
        pass
    if ":" in host:
        raise HttpDeniedError(f"{host!r} is not an address")
    if not _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
        return None
    try:  # 2130706433, 0x7f.1, 127.1, 0177.0.0.1
        return IPv4Address(socket.inet_aton(host))
    except OSError as error:
        raise HttpDeniedError(f"{host!r} is not an address") from error


def is_inner_name(host: str) -> bool:
    """Whether a name is one of an inner network, which is refused before it is looked up."""
    return "." not in host or host in _DENIED_NAMES or host.endswith(_DENIED_SUFFIXES)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an operator allows although it is private: names, networks, and their ports."""

    everything: bool = False
    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[tuple[NetworkRange, int | None], ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read ``Permissions.private_hosts``.

        Raises:
            ConfigError: an entry is no host, address, network or host:port.
        """
        names, networks, problems = set(), [], []
        for entry in sorted(set(entries) - {"*"}):
            try:
                host, port = _host_and_port(entry)
                if "/" in host or _is_address(host):
                    networks.append((ip_network(host, strict=False), port))
                else:
                    names.add((host, port))
            except ValueError as error:
                problems.append(Problem(f"private_hosts: {entry!r}", str(error)))
        if problems:
            raise ConfigError(problems)
        return cls("*" in entries, frozenset(names), tuple(networks))

    def name(self, host: str, port: int) -> bool:
        return self.everything or bool({(host, None), (host, port)} & self.names)

    def address(self, address: Address, port: int) -> bool:
        matching = [
            network
            for network, only in self.networks
            if only in (None, port) and address in network
        ]
        if address in METADATA:
            return any(network.num_addresses == 1 for network in matching)
        return self.everything or bool(matching)


def _host_and_port(entry: str) -> tuple[str, int | None]:
    host = entry.strip().lower().rstrip(".")
    if host.count(":") > 1 and not host.startswith("["):
        return host, None  # IPv6 without a port
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, ""
    name = name.strip("[]")
    if not name or re.search(r"[\s@?#*]", name):
        raise ValueError("is no host, address, network or host:port")
    if colon and port:
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError(f"{port!r} is not a port")
        return name, int(port)
    return name, None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
