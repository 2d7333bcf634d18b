"""From an actor to the template of an editor's palette, and its categories: pure functions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from engine.codec import dumps
from engine.errors import CodecError, Problem
from engine.node_config import settings_of
from observability.zeal.palette import in_words, port_id, port_label, slug, title_of
from observability.zeal.wire import body, present

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.actor import Actor
    from engine.node_config import Setting
    from engine.ports import Port
    from observability.zeal.wire import JsonObject

EXECUTOR = "reflow"
CATEGORY = "reflow"  # of actors that name none
TEXTS = ("id", "type", "title", "category", "description", "icon")
PROPERTY_TYPES = {
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "object": "code-editor",
    "array": "code-editor",
}
MAX_ID = 128  # characters
MAX_BYTES = 256 * 1024  # of one template


def template_of(actor: type[Actor], *, version: str) -> JsonObject:
    """What is registered for one actor."""
    runtime = present(
        executor=EXECUTOR, version=version, requiredEnvVars=list(actor.required_env) or None
    )
    return present(
        id=actor.component,
        type=actor.component,
        title=title_of(actor),
        category=slug(actor.category or CATEGORY),
        subcategory=actor.subcategory or None,
        description=_description(actor),
        icon=actor.icon,
        ports=[
            *(_port(actor, port, "input", "left") for port in actor.inports),
            *(_port(actor, port, "output", "right") for port in actor.outports),
        ],
        properties={item.key: _property(item) for item in settings_of(actor.Config)} or None,
        runtime=runtime,
    )


def _description(actor: type[Actor]) -> str:
    first = (actor.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "")


def _port(actor: type[Actor], port: Port, kind: str, position: str) -> JsonObject:
    name = port_id(actor, port)
    needed = {"required": True} if port.required else {}
    return {
        "id": name,
        "label": port_label(name),
        "type": kind,
        "position": position,
        "dataType": port.type,
        **needed,
    }


def _property(item: Setting) -> JsonObject:
    """A field of the editor's form; lists and objects are typed in as JSON."""
    validation = present(
        required=True if item.required else None, min=item.minimum, max=item.maximum
    )
    return present(
        type="select" if item.choices else PROPERTY_TYPES.get(item.type, "string"),
        label=in_words(item.key),
        description=item.help or None,
        defaultValue=_default(item),
        options=list(item.choices) or None,
        validation=validation or None,
    )


def _default(item: Setting) -> Any:
    """The default as the field shows it; None: there is none."""
    if item.default is None:
        return None
    try:
        text = dumps(item.default)
    except CodecError:  # compiled already: a pattern, a template
        return str(item.default)
    return text if item.type in ("object", "array") else json.loads(text)


def checksum(template: JsonObject) -> str:
    return hashlib.sha256(body(template)).hexdigest()[:32]


def problems_of(template: JsonObject) -> list[Problem]:
    """Why Zeal would refuse a template, and with it all others of the request."""
    where = f"template {template.get('id')!r}"
    found = [
        Problem(f"{where}: {name}", f"must be a text, not {template.get(name)!r}")
        for name in TEXTS
        if not isinstance(template.get(name), str)
    ]
    if found:
        return found
    name = template["id"]
    if not name or len(name) > MAX_ID or "\0" in name:
        found.append(Problem(f"{where}: id", f"must have 1 to {MAX_ID} characters"))
    found += _port_problems(where, template["ports"])
    texts = [template.get("subcategory", ""), *template["runtime"].get("requiredEnvVars", ())]
    if not all(isinstance(text, str) for text in texts):
        found.append(Problem(where, "subcategory and required_env must be texts"))
    elif len(body(template)) > MAX_BYTES:
        found.append(Problem(where, f"is larger than {MAX_BYTES} bytes"))
    return found


def _port_problems(where: str, ports: list[JsonObject]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for port in ports:
        side = (port["type"], port["id"])
        if side in seen:
            yield Problem(f"{where}: port {port['id']!r}", f"is there twice as {port['type']}")
        seen.add(side)


def categories_of(actors: Iterable[type[Actor]]) -> list[JsonObject]:
    """Every category with its subcategories, by name."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for actor in actors:
        name = actor.category or CATEGORY
        _, inner = found.setdefault(slug(name), (name, {}))
        if actor.subcategory:
            inner.setdefault(slug(actor.subcategory), actor.subcategory)
    return [
        present(
            name=name,
            displayName=in_words(shown),
            subcategories=[
                {"name": each, "displayName": text} for each, text in sorted(inner.items())
            ]
            or None,
        )
        for name, (shown, inner) in sorted(found.items())
    ]
