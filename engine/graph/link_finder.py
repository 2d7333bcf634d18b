"""Links that the public ports of several graphs suggest, each with how sure that is and why."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from engine.graph.composition import Link
from engine.ports import compatible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.graph.elements import ExposedPort
    from engine.graph.model import Graph

SURE_ENOUGH = 0.75
SIMILAR = 0.7  # from which on two names are compared at all
OUT_NAMES = frozenset({"out", "output", "result", "results"})
IN_NAMES = frozenset({"in", "input"})


@dataclass(frozen=True, slots=True)
class SuggestedLink:
    """A link that may be meant; ``confidence`` is from 0 to 1."""

    link: Link
    confidence: float
    reason: str


def suggest_links(
    parts: Mapping[str, Graph], *, least: float = SURE_ENOUGH
) -> tuple[SuggestedLink, ...]:
    """Links between public ports of different parts, the surest first.

    Names count for most, then types: a pair of types that do not fit is never suggested.
    """
    found = [
        suggestion
        for start, source in parts.items()
        for end, target in parts.items()
        if start != end
        for outport in source.outports.values()
        for inport in target.inports.values()
        if (suggestion := _suggestion(start, outport, end, inport)).confidence >= least
    ]
    return tuple(sorted(found, key=lambda item: -item.confidence))


def _suggestion(start: str, outport: ExposedPort, end: str, inport: ExposedPort) -> SuggestedLink:
    by_name, name_reason = _of_names(outport.name.casefold(), inport.name.casefold())
    by_type, type_reason = _of_types(outport.port_type, inport.port_type)
    confidence = round(by_name + by_type, 2) if by_name and by_type else 0.0
    link = Link(start, outport.name, end, inport.name)
    return SuggestedLink(link, confidence, f"{name_reason}, {type_reason}")


def _of_names(out: str, into: str) -> tuple[float, str]:
    if out == into:
        return 0.65, "the names are equal"
    if out in OUT_NAMES and into in IN_NAMES:
        return 0.45, "the names say out and in"
    alike = SequenceMatcher(None, out, into).ratio()
    if alike < SIMILAR:
        return 0.0, "the names differ"
    return 0.6 * alike, "the names are similar"


def _of_types(out: str, into: str) -> tuple[float, str]:
    if not compatible(out, into):
        return 0.0, f"{out} does not fit {into}"
    if "any" in {out, into}:
        return 0.15, "a port takes any type"
    if out == into:
        return 0.35, f"both are {out}"
    return 0.25, f"{out} fits {into}"
