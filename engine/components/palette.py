"""Ports with the other spellings that editors use for them."""

from __future__ import annotations

from engine.ports import Port


def inport(
    name: str,
    kind: str = "any",
    *aliases: str,
    help: str = "",  # noqa: A002 -- the word that Port uses
    required: bool = False,
) -> Port:
    """An inport ``a_b`` that also answers to ``a-b``, ``a-b-in``, ``a_b_in`` and ``aliases``."""
    names = _spellings(name, "in", aliases)
    return Port(name, kind, help=help, required=required, aliases=names)


def outport(
    name: str,
    kind: str = "any",
    *aliases: str,
    help: str = "",  # noqa: A002 -- the word that Port uses
) -> Port:
    """An outport ``a_b`` that also answers to ``a-b``, ``a-b-out``, ``a_b_out`` and ``aliases``."""
    return Port(name, kind, help=help, aliases=_spellings(name, "out", aliases))


def _spellings(name: str, side: str, aliases: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for spelling in (name, *aliases):
        base = spelling.replace("_", "-")
        full = base if base.endswith(f"-{side}") else f"{base}-{side}"
        for variant in (spelling, base, full):
            found[variant] = found[variant.replace("-", "_")] = None
    found.pop(name)
    return tuple(found)
