"""From actors to the templates of an editor's palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from engine.actor import Actor, Context, Outputs
from engine.node_config import setting, settings_of
from engine.ports import Port
from engine.registry import Registry, builtin
from observability.zeal import library
from observability.zeal.palette import in_words, slug
from observability.zeal.templates import categories_of, checksum, problems_of, template_of
from tests.fakes.zeal.shapes import problems_of as refused
from tests.fakes.zeal.templates import TEMPLATE


class SendMail(Actor):
    """Send a mail by ``SMTP``.

    More of it is in the manual.
    """

    component = "api_send_mail"
    inports = (Port("data", "object", required=True, aliases=("data-in",)),)
    outports = (Port("data", aliases=("data_out", "data-out")),)
    category = "Social & Media"
    subcategory = "Mail"
    required_env = ("SMTP_KEY",)

    @dataclass(frozen=True, slots=True)
    class Config:
        to: str
        retry_count: int = setting(3, key="retryCount", minimum=0, maximum=10, help="how often")
        format: Literal["text", "html"] = "text"
        headers: dict[str, Any] = setting({"a": 1})
        quick: bool = False
        note: str | None = None

    def process(self, ctx: Context) -> Outputs:
        return {"data": ctx.inputs["data"]}


def test_a_template_says_what_an_editor_needs() -> None:
    assert template_of(SendMail, version="1.2") == {
        "id": "api_send_mail",
        "type": "api_send_mail",
        "title": "Send mail",
        "category": "social-media",
        "subcategory": "Mail",
        "description": "Send a mail by SMTP.",
        "icon": "box",
        "ports": [
            {
                "id": "data-in",
                "label": "Data",
                "type": "input",
                "position": "left",
                "dataType": "object",
                "required": True,
            },
            {
                "id": "data-out",
                "label": "Data",
                "type": "output",
                "position": "right",
                "dataType": "any",
            },
        ],
        "properties": {
            "to": {"type": "string", "label": "To", "validation": {"required": True}},
            "retryCount": {
                "type": "number",
                "label": "Retry count",
                "description": "how often",
                "defaultValue": 3,
                "validation": {"min": 0, "max": 10},
            },
            "format": {
                "type": "select",
                "label": "Format",
                "defaultValue": "text",
                "options": ["text", "html"],
            },
            "headers": {"type": "code-editor", "label": "Headers", "defaultValue": '{"a":1}'},
            "quick": {"type": "boolean", "label": "Quick", "defaultValue": False},
            "note": {"type": "string", "label": "Note"},
        },
        "runtime": {"executor": "reflow", "version": "1.2", "requiredEnvVars": ["SMTP_KEY"]},
    }


@pytest.mark.parametrize("component", list(builtin()))
def test_zeal_takes_the_template_of_every_builtin_component(component: str) -> None:
    actor = builtin().get(component)
    assert actor is not None

    template = template_of(actor, version="0.1.0")

    assert problems_of(template) == []
    assert refused(TEMPLATE, template) == (template, [])
    assert template["title"] != component
    for side, ports in (("input", actor.inports), ("output", actor.outports)):
        shown = [port["id"] for port in template["ports"] if port["type"] == side]
        assert [port.answers_to(name) for port, name in zip(ports, shown, strict=True)] == [
            True
        ] * len(ports)


@pytest.mark.parametrize("component", list(builtin()))
def test_a_node_placed_with_its_defaults_has_the_settings_of_a_bare_one(component: str) -> None:
    actor = builtin().get(component)
    assert actor is not None
    properties = template_of(actor, version="0.1.0").get("properties", {})

    for item in settings_of(actor.Config):
        if item.required or "defaultValue" not in properties[item.key]:
            continue
        given = item.coerce(properties[item.key]["defaultValue"])
        assert str(given) == str(item.default)


def test_ports_have_the_names_of_zeals_own_palette() -> None:
    actor = builtin().get("tpl_math_add")
    assert actor is not None

    ports = template_of(actor, version="1")["ports"]

    assert [port["id"] for port in ports] == ["a-in", "b-in", "result-out", "error"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"title": None}, "title: must be a text, not None"),
        ({"id": ""}, "id: must have 1 to 128 characters"),
        ({"id": "a\0"}, "id: must have 1 to 128 characters"),
        ({"subcategory": 3}, "subcategory and required_env must be texts"),
        ({"description": "x" * 300_000}, "is larger than 262144 bytes"),
    ],
)
def test_what_zeal_would_refuse_is_found_before(changes: dict[str, Any], text: str) -> None:
    (problem,) = problems_of(template_of(SendMail, version="1") | changes)

    assert text in str(problem)


def test_a_port_that_is_there_twice_is_found() -> None:
    template = template_of(SendMail, version="1")

    (problem,) = problems_of(template | {"ports": [*template["ports"], template["ports"][0]]})

    assert str(problem) == "template 'api_send_mail': port 'data-in': is there twice as input"


def test_the_checksum_is_of_the_content() -> None:
    template = template_of(SendMail, version="1")

    assert checksum(template) == checksum(dict(template))
    assert checksum(template) != checksum(template | {"title": "New"})


def test_categories_come_with_their_subcategories() -> None:
    class Plain(SendMail):
        component = "plain"
        category = ""
        subcategory = ""

    assert categories_of([SendMail, Plain, SendMail]) == [
        {"name": "reflow", "displayName": "Reflow"},
        {
            "name": "social-media",
            "displayName": "Social media",
            "subcategories": [{"name": "mail", "displayName": "Mail"}],
        },
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("retryDelayMs", "Retry delay ms"),
        ("api_url", "API URL"),
        ("HTTPRequest", "HTTP request"),
        ("???", "???"),
    ],
)
def test_names_in_words(name: str, words: str) -> None:
    assert in_words(name) == words


@pytest.mark.parametrize(
    ("text", "name"), [("3D", "x-3d"), ("A & B", "a-b"), ("Ü", "x"), ("math", "math")]
)
def test_category_names_have_the_form_that_zeal_takes(text: str, name: str) -> None:
    assert slug(text) == name


def test_an_actor_that_makes_no_template_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(SendMail):
        component = "broken"
        required_env = 5  # type: ignore[assignment]

    library_of = Registry([SendMail, Broken], paths={"gone": "nowhere:Gone"})

    made = list(library.templates(library_of, version="1"))

    assert [template["id"] for template in made] == ["api_send_mail"]
    assert "broken: no template can be made" in caplog.text
    assert "gone cannot be loaded" in caplog.text
