"""A folder of graphs: found by their file names, under namespaces that are their folders."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import GraphError, Problem
from engine.graph.hints import Hints
from engine.graph.model import Graph
from engine.graph.versions import satisfies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SUFFIXES = (".graph.json", ".graph.yaml", ".graph.yml")
EXCLUDED = ("**/.*/**", "**/node_modules/**", "**/target/**")


@dataclass(frozen=True, slots=True)
class FoundGraph:
    """A graph of a workspace: ``ml/trainer.graph.json`` is ``trainer`` in the namespace ``ml``."""

    namespace: str
    name: str
    path: str  # relative to the workspace, with slashes
    graph: Graph

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Workspace:
    """The graphs of a folder, in the order of their paths, and what was wrong with files."""

    graphs: tuple[FoundGraph, ...]
    problems: tuple[Problem, ...]

    def parts(self) -> dict[str, Graph]:
        """The graphs by their full names, for ``compose``."""
        return {found.full_name: found.graph for found in self.graphs}


def discover(
    root: str | Path, *, exclude: Sequence[str] = EXCLUDED, max_depth: int = 8
) -> Workspace:
    """Read all ``*.graph.json`` and ``*.graph.yaml`` files of a folder.

    A file that is no graph is a problem of the workspace, and the others are read nevertheless.

    Args:
        exclude: patterns of paths, such as ``**/test/**``; links are never followed.
        max_depth: how many folders deep; 0 is the folder itself.
    """
    graphs: dict[str, FoundGraph] = {}
    problems: list[Problem] = []
    for path in _files(Path(root), exclude, max_depth):
        try:
            found = _read(Path(root), path)
        except GraphError as error:
            problems += (Problem(path, str(item), item.code) for item in error.problems)
            continue
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(path, f"cannot be read: {error}", "unreadable"))
            continue
        first = graphs.setdefault(found.full_name, found)
        if first is not found:
            message = f"is {found.full_name!r}, as {first.path} is already"
            problems.append(Problem(path, message, "name_clash", hint="rename one"))
    return Workspace(tuple(graphs.values()), tuple(problems))


def dependency_problems(workspace: Workspace) -> tuple[Problem, ...]:
    """Graphs that ``graphDependencies`` name and that are not there, or not in that version.

    What is not ``required`` is a warning.
    """
    hints = Hints()
    parts = workspace.parts()
    found: list[Problem] = []
    for holder in workspace.graphs:
        for entry in _dependencies(holder.graph):
            problem = _dependency(holder, entry, parts, hints)
            if problem is not None:
                found.append(problem)
    return tuple(found)


def _files(root: Path, exclude: Sequence[str], max_depth: int) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        deep = len(here.parts) >= max_depth
        kept = [] if deep else [f for f in folders if not _excluded(here / f, exclude, "/")]
        folders[:] = sorted(kept)
        for file in sorted(files):
            if file.endswith(SUFFIXES) and not _excluded(here / file, exclude, ""):
                yield (here / file).as_posix()


def _excluded(path: Path, patterns: Sequence[str], end: str) -> bool:
    return any(fnmatch(f"/{path.as_posix()}{end}", pattern) for pattern in patterns)


def _read(root: Path, path: str) -> FoundGraph:
    text = (root / path).read_text(encoding="utf-8")
    graph = Graph.from_json(text) if path.endswith(".json") else Graph.from_yaml(text)
    namespace, _, file = path.rpartition("/")
    return FoundGraph(namespace, file.rsplit(".graph.", 1)[0], path, graph)


def _dependencies(graph: Graph) -> Iterator[Mapping[str, Any]]:
    entries = graph.extra.get("graphDependencies")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("graphName"), str):
            yield entry


def _dependency(
    holder: FoundGraph, entry: Mapping[str, Any], parts: Mapping[str, Graph], hints: Hints
) -> Problem | None:
    name, namespace = entry["graphName"], entry.get("namespace") or ""
    full_name = f"{namespace}/{name}" if namespace else name
    severity = "warning" if entry.get("required") is False else "error"
    graph = parts.get(full_name)
    if graph is None:
        hint = hints.nearest(full_name, parts, "graphs")
        message = f"needs the graph {full_name!r}, which is not in the workspace"
        code = "missing_dependency"
        return Problem(holder.path, message, code, hint=hint, severity=severity)
    wanted = entry.get("versionConstraint")
    version = str(graph.properties.get("version", ""))
    if not isinstance(wanted, str) or satisfies(version, wanted):
        return None
    has = f"which has {version}" if version else "which has none"
    message = f"needs the version {wanted} of {full_name!r}, {has}"
    return Problem(holder.path, message, "version_mismatch", severity=severity)
