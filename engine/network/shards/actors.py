"""How another process comes by the same actor classes: by the names they are imported under."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import GraphError, Problem, RegistrationError
from engine.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.actor import Actor
    from engine.graph import Graph

SCRIPT = "__reflow_script__"  # the name of the program's own file in the other process


def paths_of(graph: Graph, registry: Registry) -> dict[str, str]:
    """The dotted path of each component that the graph uses.

    Raises:
        GraphError: with every component that no other process could import.
    """
    paths: dict[str, str] = {}
    problems: list[Problem] = []
    for component in dict.fromkeys(node.component for node in graph.nodes.values()):
        actor = registry.get(component)
        if actor is None:
            continue  # the graph's own check says so, and better
        path = _path_of(actor)
        if path is None:
            text = (
                f"{actor.__module__}:{actor.__qualname__} cannot be imported by another process: "
                "only classes at the top of a module can"
            )
            problems.append(Problem(f"component {component!r}", text, "actor_not_importable"))
        else:
            paths[component] = path
    if problems:
        raise GraphError(problems)
    return paths


def _path_of(actor: type[Actor]) -> str | None:
    module = sys.modules.get(actor.__module__)
    if getattr(module, actor.__qualname__, None) is not actor:
        return None
    if actor.__module__ != "__main__":
        return f"{actor.__module__}:{actor.__qualname__}"
    spec = getattr(module, "__spec__", None)
    if spec is not None:  # python -m package.module
        return f"{spec.name}:{actor.__qualname__}"
    return f"{SCRIPT}:{actor.__qualname__}" if script() else None


def script() -> str:
    """The file of the running program, or nothing."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    return str(Path(file).resolve()) if file else ""


def registry_of(paths: Mapping[str, str], script: str) -> Registry:
    """The same components in this process; the program's own file is run, not as the program.

    Raises:
        RegistrationError: the file cannot be run.
    """
    if any(path.startswith(f"{SCRIPT}:") for path in paths.values()):
        _run_script(script)
    return Registry(paths=paths)


def _run_script(script: str) -> None:
    spec = spec_from_file_location(SCRIPT, script)
    if spec is None or spec.loader is None:
        raise RegistrationError([Problem(f"script {script!r}", "cannot be imported")])
    module = module_from_spec(spec)
    sys.modules[SCRIPT] = module
    spec.loader.exec_module(module)
