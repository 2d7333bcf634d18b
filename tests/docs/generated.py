"""The parts of the documentation that are made from the code: Markdown, as pure functions.

``python -m tests.docs.write`` puts them into the pages; a test fails when a page is stale.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from engine.behaviour import style_of
from engine.codec import dumps
from engine.config import NOT_THERE_YET, SECTIONS
from engine.errors import CodecError
from engine.events import EngineEvent
from engine.node_config import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.actor import Actor
    from engine.node_config import Setting
    from engine.ports import Port
    from engine.registry import Registry
    from reflow_site.limits import Limit

METHODS = ("get", "post", "put", "patch", "delete")


def components(registry: Registry) -> str:
    """Every component of a registry, by category: what it does, its ports, its settings."""
    found = [actor for name in registry if (actor := registry.get(name)) is not None]
    families: dict[str, list[type[Actor]]] = {}
    for actor in found:
        families.setdefault(actor.category or "other", []).append(actor)
    lines = [_table(("Category", "Components"), map(_family_row, sorted(families.items())))]
    for family, actors in sorted(families.items()):
        lines += [f"## {family}", *(_component(actor) for actor in actors)]
    return "\n\n".join(lines)


def environment(text: str) -> str:
    """The table of each section of ``.env.example``."""
    parts: list[str] = []
    for title, section in re.findall(
        r"^# --- (.+?) ---\n(.*?)(?=^# ---|\Z)", text, re.MULTILINE | re.DOTALL
    ):
        parts.append(f"### {title}")
        parts.append(_table(("Variable", "Default", "What it is"), _variables(section)))
    return "\n\n".join(parts)


def engine_file() -> str:
    """The keys of ``reflow.toml``."""
    rows = []
    for section, (_, kind) in SECTIONS.items():
        for item in settings_of(kind):
            missing = NOT_THERE_YET.get((section, item.key))
            says = f"not there yet: {missing}" if missing else "works"
            row = (f"`[{section}]`", f"`{item.key}`", item.type, _code(item.default), says)
            rows.append(row)
    return _table(("Section", "Key", "Type", "Default", "State"), rows)


def settings(parts: Mapping[str, type[Any]]) -> str:
    """The keys of JSON objects that are read like settings, by the name of the object."""
    rows = [
        (f"`{name}`", *_setting(item))
        for name, kind in parts.items()
        for item in settings_of(kind)  # type: ignore[arg-type] # a class is hashable
    ]
    return _table(("In", "Key", "Type", "Default", "What for"), rows)


def events() -> str:
    """Every type of event, and its fields beside ``node`` and ``timestamp``."""
    rows = []
    for kind in get_args(EngineEvent):
        own = [item for item in fields(kind) if item.name not in ("node", "timestamp")]
        names = ", ".join(f"`{item.name}`" for item in own) or "none"
        rows.append((f"`{kind.__name__}`", _cell(kind.__doc__ or ""), names))
    return _table(("Type", "What happened", "Fields of `data`"), rows)


def calls(schema: Mapping[str, Any]) -> set[str]:
    """Every call of the OpenAPI document, such as ``GET /api/v1/workflows``."""
    return {
        f"{method.upper()} {path}"
        for path, operations in schema["paths"].items()
        for method in operations
        if method in METHODS
    }


def limits(kind: type[Any]) -> str:
    """A dataclass of bounds: each name with its default."""
    rows = []
    for item in fields(kind):
        bound = item.default
        said = f"{bound:,}" if type(bound) is int else str(bound).lower()
        rows.append((f"`{item.name}`", said))
    return _table(("Limit", "Default"), rows)


def server_limits(limits: Iterable[Limit], example: str) -> str:
    """Each limit with its default, as ``.env.example`` gives it, its hard cap and its test."""
    defaults = dict(re.findall(r"^#([A-Z_]+)=(.*)$", example, re.MULTILINE))
    rows = []
    for limit in limits:
        file, _, test = limit.proof.partition("::")
        most = "none" if limit.most is None else f"{limit.most:,}"
        proof = f"[{test.removeprefix('test_').replace('_', ' ')}](../tests/{file})"
        default = _grouped(defaults[limit.setting])
        rows.append((f"`{limit.setting}`", limit.what, default, most, limit.at_it, proof))
    head = ("Setting", "What", "Default", "Hard cap", "What happens at it", "Proof")
    return _table(head, rows)


def _grouped(number: str) -> str:
    return f"{float(number):,g}" if "." in number else f"{int(number):,}"


def replace_block(page: str, name: str, text: str) -> str:
    """The page with the text between the two markers of this name.

    Raises:
        ValueError: the page has no such markers.
    """
    start, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no block {name!r} in the page")
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


def _family_row(family: tuple[str, list[type[Actor]]]) -> tuple[str, str]:
    name, actors = family
    links = ", ".join(f"[`{actor.component}`](#{actor.component})" for actor in actors)
    return f"[{name}](#{name})", links


def _component(actor: type[Actor]) -> str:
    parts = [f"### {actor.component}", _prose(actor.__doc__ or ""), _facts(actor)]
    ports = [*(_port("in", port) for port in actor.inports)]
    ports += [_port("out", port) for port in actor.outports]
    if ports:
        parts.append(_table(("Port", "Name", "Type", "What for", "Also called"), ports))
    settings = [_setting(item) for item in settings_of(actor.Config)]
    if settings:
        parts.append(_table(("Setting", "Type", "Default", "What for"), settings))
    return "\n\n".join(parts)


def _facts(actor: type[Actor]) -> str:
    facts = [f"Title: {actor.title or actor.component}", f"style: {style_of(actor).value}"]
    facts.append(f"effect: {actor.effect or 'undeclared'}")
    if actor.await_all_inports:
        facts.append("waits for all its inports")
    if actor.trigger:
        facts.append("gets the run's input")
    if actor.source:
        facts.append("fires once at start if nothing leads to it")
    if actor.ours:
        facts.append("not in the original's library")
    return "; ".join(facts) + "."


def _port(side: str, port: Port) -> tuple[str, ...]:
    what = f"{_cell(port.help)}{' (required)' if port.required else ''}"
    aliases = ", ".join(f"`{name}`" for name in port.aliases)
    return side, f"`{port.name}`", port.type, what, aliases


def _setting(item: Setting) -> tuple[str, ...]:
    names = [f"`{name}`" for name in item.names]
    name = names[0] if len(names) == 1 else f"{names[0]} (or {', '.join(names[1:])})"
    choices = ", ".join(f"`{choice}`" for choice in item.choices)
    what = ". ".join(filter(None, (_cell(item.help), choices and f"One of {choices}")))
    return name, item.type, "required" if item.required else _code(item.default), what


def _code(default: Any) -> str:
    try:
        text = dumps(default)
    except CodecError:  # a compiled one, such as a pattern
        text = str(default)
    return "" if text in ("null", '""') else f"`{_escape(text)}`"


def _variables(section: str) -> Iterator[tuple[str, str, str]]:
    about: list[str] = []  # variables without a line of their own share the one before
    fresh = False
    for line in section.splitlines():
        if found := re.fullmatch(r"#([A-Z][A-Z0-9_]*)=(.*)", line):
            name, default = found.groups()
            yield f"`{name}`", f"`{default}`" if default else "", _cell(" ".join(about))
            fresh = False
        elif line.startswith("# "):
            about = [*about, line[2:]] if fresh else [line[2:]]
            fresh = True


def _prose(doc: str) -> str:
    paragraphs = re.split(r"\n\s*\n", doc)
    return "\n\n".join(" ".join(part.split()).replace("``", "`") for part in paragraphs)


def _cell(text: str) -> str:
    return _escape(" ".join(text.split()).replace("``", "`"))


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
