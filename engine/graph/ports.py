"""Which port of an actor a graph means by a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.ports import Port


def resolve_port(ports: Sequence[Port], name: str, *, case_sensitive: bool = True) -> Port | None:
    """The port of this name: by its own, then by an alias, then in any case if that is allowed."""
    for port in ports:
        if port.name == name:
            return port
    for port in ports:
        if name in port.aliases:
            return port
    return None if case_sensitive else _folded(ports, name.casefold())


def _folded(ports: Sequence[Port], name: str) -> Port | None:
    for port in ports:
        if port.name.casefold() == name:
            return port
    for port in ports:
        if any(alias.casefold() == name for alias in port.aliases):
            return port
    return None
