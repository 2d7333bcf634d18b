"""What the metadata of a node of ours say, taken apart for an export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.codec import dumps
from engine.graph.elements import NOTHING
from engine.messages import thaw
from engine.node_config import settings_of
from workflows.zeal.naming import MARK

if TYPE_CHECKING:
    from engine.actor import Actor
    from engine.graph.elements import Node

LAYOUT = frozenset({"x", "y", "position", "label", MARK})


def setting_names(actor: type[Actor] | None) -> frozenset[str]:
    if actor is None:
        return frozenset()
    return frozenset(name for item in settings_of(actor.Config) for name in item.names)


def settings_in(node: Node, actor: type[Actor] | None) -> dict[str, Any]:
    """The settings as an editor would show them, also those that are nested for one."""
    metadata, names = node.metadata or NOTHING, setting_names(actor)
    top = {key: value for key, value in metadata.items() if key not in LAYOUT or key in names}
    found: dict[str, Any] = {}
    if "properties" not in names and isinstance(top.get("properties"), Mapping):
        for name, described in top.pop("properties").items():
            if isinstance(described, Mapping) and "defaultValue" in described:
                found[name] = described["defaultValue"]
    if "propertyValues" not in names and isinstance(top.get("propertyValues"), Mapping):
        found |= top.pop("propertyValues")
    return thaw({**found, **top})  # type: ignore[no-any-return]  # a dict of them


def title_of(node: Node, actor: type[Actor] | None) -> str:
    label = (node.metadata or NOTHING).get("label")
    return label if isinstance(label, str) and "label" not in setting_names(actor) else ""


def place_of(node: Node, actor: type[Actor] | None) -> tuple[float, float] | None:
    """Where an editor put it: ``x`` and ``y``, or a ``position`` with them."""
    metadata, names = node.metadata or NOTHING, setting_names(actor)
    nested = {} if "position" in names else metadata.get("position")
    plain = {} if names & {"x", "y"} else metadata
    for source in (plain, nested):
        if isinstance(source, Mapping):
            x, y = source.get("x"), source.get("y")
            if _is_number(x) and _is_number(y):
                return x, y  # type: ignore[return-value]  # both are numbers
    return None


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal in type too: 1 is not 1.0, and not true."""
    return dumps(one, sort_keys=True) == dumps(other, sort_keys=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
