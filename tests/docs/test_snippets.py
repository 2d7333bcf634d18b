"""What the documentation shows is what happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine import Graph, builtin
from engine.graph import validate
from tests.docs.markdown import Block, anchors, blocks, links
from tests.docs.pages import DOCS, ROOT, markdown_files

if TYPE_CHECKING:
    from pathlib import Path

RUNS = "# runs\n"
DEADLINE_SECONDS = 30


def found(language: str, text: str) -> list[Block]:
    """The blocks of all pages in a language that hold this text."""
    all_blocks = (block for file in markdown_files() for block in blocks(file))
    return [block for block in all_blocks if block.language == language and text in block.text]


@pytest.mark.parametrize("block", found("python", RUNS), ids=str)
def test_a_python_snippet_runs_and_prints_what_the_page_says(block: Block, tmp_path: Path) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(block.text, "utf-8")

    run = subprocess.run(  # noqa: S603 -- our own pages
        [sys.executable, "-W", "error", str(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=DEADLINE_SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == block.output


@pytest.mark.parametrize("block", found("json", ""), ids=str)
def test_a_json_snippet_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", found("json", '"processes"'), ids=str)
def test_a_graph_snippet_can_run(block: Block) -> None:
    document = json.loads(block.text)

    problems = validate(Graph.from_json(document.get("graph_json", document)), builtin())

    assert problems == ()


@pytest.mark.parametrize("file", markdown_files(), ids=lambda file: file.name)
def test_every_relative_link_leads_somewhere(file: Path) -> None:
    broken = [link for link in links(file) if not leads_somewhere(file, link)]

    assert broken == []


def leads_somewhere(file: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (file.parent / path).resolve() if path else file
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(target)


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        file = waiting.pop()
        if file in reached:
            continue
        reached.add(file)
        targets = ((file.parent / link.partition("#")[0]).resolve() for link in links(file))
        waiting += [target for target in targets if target.suffix == ".md" and target.is_file()]

    assert set(DOCS.glob("*.md")) - reached == set()
