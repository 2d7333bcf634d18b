"""``reflow.toml``: the engine's configuration, read once into frozen values.

Each key either works or is refused, with the feature that is not there yet.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError, Problem, nearest
from engine.limits import Limits
from engine.node_config import Setting, setting, settings_of

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "REFLOW_"


@dataclass(frozen=True, slots=True)
class ActorSystem:
    """Bounds of one network; ``max_actors_per_node`` is per graph, which runs in one process."""

    thread_pool_size: int = setting(8, minimum=1)
    max_actors_per_node: int = setting(10_000, minimum=1)
    message_buffer_size: int = setting(1_000, minimum=1)


@dataclass(frozen=True, slots=True)
class Networking:
    """``bind_address`` is where ``manage.py up`` listens, unless its options say otherwise."""

    bind_address: str = "127.0.0.1:8080"
    compression_enabled: bool = False
    encryption_enabled: bool = False


@dataclass(frozen=True, slots=True)
class DenoRuntime:
    permissions: tuple[str, ...] = ()
    memory_limit: str = "512MB"


@dataclass(frozen=True, slots=True)
class PythonRuntime:
    use_docker: bool = False
    shared_environment: bool = True


@dataclass(frozen=True, slots=True)
class EngineConfig:
    actor_system: ActorSystem = field(default_factory=ActorSystem)
    networking: Networking = field(default_factory=Networking)
    deno: DenoRuntime = field(default_factory=DenoRuntime)
    python: PythonRuntime = field(default_factory=PythonRuntime)

    def limits(self) -> Limits:
        """What a network made under this configuration may use."""
        return Limits(
            message_buffer_size=self.actor_system.message_buffer_size,
            thread_pool_size=self.actor_system.thread_pool_size,
            max_nodes=self.actor_system.max_actors_per_node,
        )


SECTIONS: dict[str, tuple[str, type]] = {
    "actor_system": ("actor_system", ActorSystem),
    "networking": ("networking", Networking),
    "runtimes.deno": ("deno", DenoRuntime),
    "runtimes.python": ("python", PythonRuntime),
}

# Only the default is taken of these, until the feature is there.
NOT_THERE_YET = {
    ("networking", "compression_enabled"): "compression between nodes",
    ("networking", "encryption_enabled"): "encryption between nodes",
    ("runtimes.deno", "permissions"): "the Deno runtime",
    ("runtimes.deno", "memory_limit"): "the Deno runtime",
    ("runtimes.python", "use_docker"): "the Docker sandbox of the Python runtime",
    ("runtimes.python", "shared_environment"): "an environment for each Python script",
}


@dataclass(frozen=True, slots=True)
class Given:
    """One value from the file or the environment, and the name a reader knows it by."""

    section: str
    key: str
    value: Any
    where: str


def load_config(path: Path | None = None, environ: Mapping[str, str] | None = None) -> EngineConfig:
    """Read the file, then the environment over it.

    A variable is called ``REFLOW_ACTOR_SYSTEM__THREAD_POOL_SIZE``; a list is written with commas.

    Raises:
        ConfigError: with one problem for each thing that is wrong.
    """
    problems: list[Problem] = []
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    document = _read(path) if path else {}
    for given in [*_from_file(document, problems), *_from_environment(environ or {}, problems)]:
        _take(given, values, problems)
    if problems:
        raise ConfigError(problems)
    return EngineConfig(**{name: kind(**values[key]) for key, (name, kind) in SECTIONS.items()})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([_problem(str(path), f"cannot be read: {error}")]) from error


def _from_file(
    table: Mapping[str, Any], problems: list[Problem], path: tuple[str, ...] = ()
) -> list[Given]:
    given: list[Given] = []
    for key, value in table.items():
        section, name = ".".join(path), ".".join((*path, key))
        if section in SECTIONS:
            given.append(Given(section, key, value, f"[{section}] {key}"))
        elif isinstance(value, Mapping) and _is_section(name):
            given += _from_file(value, problems, (*path, key))
        elif _is_section(name):
            problems.append(_problem(f"[{name}]", f"must be a table, not {value!r}"))
        else:
            problems.append(_problem(f"[{name}]", "is unknown", nearest(name, SECTIONS)))
    return given


def _is_section(name: str) -> bool:
    return any(section == name or section.startswith(f"{name}.") for section in SECTIONS)


def _from_environment(environ: Mapping[str, str], problems: list[Problem]) -> list[Given]:
    given = []
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and "__" in variable:
            path = variable.removeprefix(PREFIX).lower().split("__")
            section, key = ".".join(path[:-1]), path[-1]
            if section in SECTIONS:
                given.append(Given(section, key, environ[variable], variable))
            else:
                known = [f"{PREFIX}{name.upper().replace('.', '__')}__" for name in SECTIONS]
                problems.append(_problem(variable, "is unknown", nearest(variable, known)))
    return given


def _take(given: Given, values: dict[str, dict[str, Any]], problems: list[Problem]) -> None:
    known = {item.key: item for item in settings_of(SECTIONS[given.section][1])}
    if given.key not in known:
        problems.append(_problem(given.where, "is unknown", nearest(given.key, known)))
        return
    item = known[given.key]
    try:
        value = item.coerce(_split(given, item))
    except ValueError as error:
        problems.append(_problem(given.where, str(error)))
        return
    feature = NOT_THERE_YET.get((given.section, given.key))
    if feature and value != item.default:
        problem = f"asks for {feature}, a feature that is not there yet; leave it out"
        problems.append(_problem(given.where, problem, code="not_there_yet"))
        return
    values[given.section][given.key] = value


def _split(given: Given, item: Setting) -> Any:
    """The value, or its parts where the environment spells a list."""
    if item.type == "array" and isinstance(given.value, str):
        return [part.strip() for part in given.value.split(",") if part.strip()]
    return given.value


def _problem(where: str, message: str, hint: str = "", code: str = "config_invalid") -> Problem:
    return Problem(where=where, message=message, hint=hint, code=code)
