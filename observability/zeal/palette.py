"""Words for an editor: titles from names, labels of ports, and the ports of Zeal's own palette."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.actor import Actor
    from engine.ports import Port

# The port names of Zeal's palette, for templates that both have.
_MATHS_OF_TWO = ("add", "subtract", "multiply", "divide", "modulo", "power")
PALETTE_PORTS: dict[str, tuple[str, ...]] = {
    "tpl_http_request": ("data-in", "headers-in", "response-out", "error-out"),
    "tpl_if_branch": ("input-in", "true-out", "false-out"),
    "tpl_switch": ("input-in", "case1-out", "case2-out", "case3-out", "default-out"),
    "tpl_loop": ("items-in", "item-out", "index-out", "done-out"),
    "tpl_data_transformer": ("data-in", "schema-in", "transformed-out", "errors-out"),
    **{f"tpl_math_{name}": ("a-in", "b-in", "result-out") for name in _MATHS_OF_TWO},
}
_SIDES = re.compile(r"[-_](in|out)$")
_PREFIXES = re.compile(r"^(tpl|api)_")
_WORDS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACRONYMS = frozenset({"ai", "api", "csv", "gpt", "html", "http", "id", "json", "llm", "rpc", "s3"})
_ACRONYMS |= {"sms", "sql", "ui", "uri", "url", "uuid", "xml", "yaml"}
_SLUG = re.compile(r"[^a-z0-9]+")


def title_of(actor: type[Actor]) -> str:
    return actor.title or in_words(_PREFIXES.sub("", actor.component))


def in_words(name: str) -> str:
    """``retryCount`` and ``retry_count`` as ``Retry count``, ``api_url`` as ``API URL``."""
    words = [word for word in _WORDS.split(name) if word]
    shown = [word.upper() if word.lower() in _ACRONYMS else word.lower() for word in words]
    if not shown:
        return name
    return " ".join([shown[0][:1].upper() + shown[0][1:], *shown[1:]])


def port_id(actor: type[Actor], port: Port) -> str:
    """The palette's name of a port, where Zeal has this template too; else our own.

    An inport and an outport of one name would be one port to an editor: these keep apart by
    their spelling ``-in`` and ``-out``.
    """
    for name in PALETTE_PORTS.get(actor.component, ()):
        if port.answers_to(name) and name.endswith(_side(actor, port)):
            return name
    if _in_both(actor, port):
        return next((name for name in port.aliases if name.endswith(_side(actor, port))), port.name)
    return port.name


def _side(actor: type[Actor], port: Port) -> str:
    return "-in" if any(port is each for each in actor.inports) else "-out"


def _in_both(actor: type[Actor], port: Port) -> bool:
    names = [each.name for each in (*actor.inports, *actor.outports)]
    return names.count(port.name) > 1


def port_label(port_name: str) -> str:
    return in_words(_SIDES.sub("", port_name))


def slug(text: str) -> str:
    """A name that Zeal takes for a category: small letters, digits and dashes, a letter first."""
    found = _SLUG.sub("-", text.lower()).strip("-")
    return found if found[:1].isalpha() else f"x-{found}".rstrip("-")
