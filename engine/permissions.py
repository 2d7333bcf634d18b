"""What a run may reach outside itself. Without it: nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permissions:
    """What actors of one run may reach; everything is denied by default.

    Args:
        network: may open HTTP connections to public addresses.
        private_hosts: host names, addresses or networks (``10.0.0.0/8``), each with a port or
            without (``db.example:8080``, ``[::1]:80``), that are reachable although they are
            private; ``"*"`` is every address. A cloud's metadata service is reachable only if
            its address is named by itself. An operator's choice, never a graph's.
        environment: names of environment variables that settings may refer to.
        read_paths: folders that may be read; ``write_paths`` those that may be written.
    """

    network: bool = False
    private_hosts: frozenset[str] = frozenset()
    environment: frozenset[str] = frozenset()
    read_paths: tuple[str, ...] = ()
    write_paths: tuple[str, ...] = ()


NOTHING = Permissions()
