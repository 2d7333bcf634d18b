"""What the documentation lists is what there is."""

from __future__ import annotations

import ast
import re
from inspect import getsource
from typing import TYPE_CHECKING

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework import exceptions

from engine.components.conditions import OPERATORS
from tests.docs import zeal_calls
from tests.docs.generated import calls
from tests.docs.pages import BLOCKS, DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.zeal.server import Mode

CODE_IN_A_TABLE = re.compile(r"^\| `([a-z_]+)` \|", re.MULTILINE)
CHECKING = re.compile(r"^from engine\.graph\.(\w+) import", re.MULTILINE)
OPERATOR_ROW = re.compile(r"^\| `([a-z_`, ]+)` \| [^|]+ \|$", re.MULTILINE)
CALL_IN_A_TABLE = re.compile(r"^\| `([A-Z]+ /[^`?]*)", re.MULTILINE)


@pytest.mark.parametrize(
    ("place", "make"),
    BLOCKS.items(),
    ids=lambda item: "-".join(item) if isinstance(item, tuple) else "",
)
def test_a_generated_part_is_up_to_date(
    up_to_date: Callable[[tuple[str, str], str], None],
    place: tuple[str, str],
    make: Callable[[], str],
) -> None:
    up_to_date(place, make())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["shipped", "intended"])
def test_what_zeal_is_told_is_up_to_date(
    up_to_date: Callable[[tuple[str, str], str], None], mode: Mode
) -> None:
    up_to_date(("zeal.md", f"calls, {mode}"), zeal_calls.calls(mode))


def test_the_components_page_explains_every_operator_of_rules() -> None:
    page = (DOCS / "components.md").read_text("utf-8")
    _, _, table = page.partition("| Operator | Holds if the field |")

    explained = {name for row in OPERATOR_ROW.findall(table) for name in row.split("`, `")}

    assert explained == set(OPERATORS)


def test_the_rest_page_lists_every_call_and_no_other() -> None:
    page = (DOCS / "rest-api.md").read_text("utf-8")

    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]

    assert set(CALL_IN_A_TABLE.findall(page)) - WITHOUT_SCHEMA == calls(schema)


WITHOUT_SCHEMA = {
    "GET /health",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /api/docs/",
    "GET /api/schema/",
}


@pytest.mark.parametrize("page", ["graphs.md", "rest-api.md"])
def test_every_code_of_a_table_stands_in_the_source(page: str) -> None:
    files = (file for folder in SOURCES for file in (ROOT / folder).rglob("*.py"))
    source = "\n".join([*(file.read_text("utf-8") for file in files), getsource(exceptions)])

    codes = CODE_IN_A_TABLE.findall((DOCS / page).read_text("utf-8"))

    assert [code for code in codes if not any(text in source for text in spellings(code))] == []


def test_the_graph_page_lists_every_code_of_the_checks() -> None:
    folder = ROOT / "engine" / "graph"
    checks = CHECKING.findall((folder / "validation.py").read_text("utf-8"))
    files = [folder / f"{name}.py" for name in ("validation", "reading", "fields", *checks)]
    wanted = {code for file in files for code in codes_of_problems(file.read_text("utf-8"))}

    listed = CODE_IN_A_TABLE.findall((DOCS / "graphs.md").read_text("utf-8"))

    assert wanted - set(listed) == set()


def codes_of_problems(source: str) -> set[str]:
    """The codes that stand as third argument, or as ``code``, where a ``Problem`` is made."""
    found: set[str] = set()
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Problem", "replace"):
            places = [
                *call.args[2:3],
                *(item.value for item in call.keywords if item.arg == "code"),
            ]
            texts = {text for place in places for text in constants(place)}
            found |= {f"{text}{side}" for text in texts if text.endswith("_") for side in SIDES}
            found |= {text for text in texts if not text.endswith("_")}
    return found


SIDES = ("inport", "outport")


def constants(place: ast.expr) -> set[str]:
    return {
        node.value
        for node in ast.walk(place)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


SOURCES = ("engine", "workflows", "observability")


def spellings(code: str) -> tuple[str, ...]:
    sided = code.replace("outport", "{side}").replace("inport", "{side}")
    return f'"{code}"', f"'{code}'", f'"{sided}"'
