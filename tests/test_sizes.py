"""Modules and functions stay short; those of tests may be as long as their story."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.checks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 50
PACKAGES = ("engine", "workflows", "observability", "reflow_site", "benchmarks")


def modules(folder: Path) -> Iterator[Path]:
    """All but migrations, which are written by a command."""
    return (file for file in sorted(folder.rglob("*.py")) if file.parent.name != "migrations")


def too_long(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > MODULE_LINES:
        yield f"{file}: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{file}:{node.lineno}: {node.name}: {lines} lines"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_and_every_function_is_short(package: str) -> None:
    files = list(modules(ROOT / package))

    assert files
    assert [each for file in files for each in too_long(file)] == []


def test_what_is_too_long_is_named_with_its_place(tmp_path: Path) -> None:
    body = "    pass\n" * FUNCTION_LINES
    file = tmp_path / "long.py"
    file.write_text(f"def short():\n{body[9:]}\n\nasync def long():\n{body}" + "\n" * MODULE_LINES)

    found = list(too_long(file))

    assert found == [f"{file}: 503 lines", f"{file}:53: long: 51 lines"]
