"""Zeal workflows for tests: the samples, and small ones to break."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.registry import builtin
from workflows.zeal.target import Target

DATA = Path(__file__).parents[2] / "data" / "zeal"
SAMPLES = tuple(sorted(path.stem for path in DATA.glob("*.json")))
TARGET = Target(builtin())


def sample(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return document


def node(name: str, template: str, **metadata: Any) -> dict[str, Any]:
    """A node titled as its id, in capitals."""
    return {
        "id": name,
        "type": template,
        "position": {"x": 0, "y": 0},
        "metadata": {"id": name, "templateId": template, "title": name.upper(), **metadata},
    }


def connection(name: str, start: str, end: str) -> dict[str, Any]:
    """From ``node.port`` to ``node.port``."""
    source, target = start.split("."), end.split(".")
    return {
        "id": name,
        "source": {"nodeId": source[0], "portId": source[1]},
        "target": {"nodeId": target[0], "portId": target[1]},
        "state": "pending",
    }


def canvas(
    nodes: list[dict[str, Any]], connections: list[dict[str, Any]], name: str = "main", **more: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "name": name.title(),
        "isMain": name == "main",
        "nodes": nodes,
        "connections": connections,
        "groups": [],
        **more,
    }


def workflow(*canvases: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "wf_1", "name": "Small", "graphs": list(canvases), **more}


def chain() -> dict[str, Any]:
    """A text into two passthroughs."""
    return workflow(
        canvas(
            [
                node("word", "tpl_text_input", propertyValues={"defaultValue": "hello"}),
                node("a", "tpl_passthrough"),
                node("b", "tpl_passthrough"),
            ],
            [connection("c1", "word.output", "a.input"), connection("c2", "a.output", "b.input")],
        )
    )
