from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.config import ActorSystem, EngineConfig, Networking, load_config
from engine.errors import ConfigError, Problem
from engine.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

SEED = """
[actor_system]
thread_pool_size = 8
max_actors_per_node = 10000
message_buffer_size = 1000
[networking]
bind_address = "0.0.0.0:8080"
compression_enabled = true
encryption_enabled = true
[runtimes.deno]
permissions = ["--allow-net", "--allow-read"]
memory_limit = "512MB"
[runtimes.python]
use_docker = true
shared_environment = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reflow.toml"


def refused(path: Path | None = None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ)
    return [str(problem) for problem in caught.value.problems]


def test_without_a_file_everything_has_its_default() -> None:
    config = load_config()

    assert config == EngineConfig()


def test_the_actor_systems_keys_reach_the_limits_of_a_network(file: Path) -> None:
    file.write_text(
        "[actor_system]\nthread_pool_size = 2\nmax_actors_per_node = 5\nmessage_buffer_size = 3\n"
    )

    limits = load_config(file).limits()

    assert limits == Limits(message_buffer_size=3, thread_pool_size=2, max_nodes=5)


def test_the_environment_goes_over_the_file(file: Path) -> None:
    file.write_text("[actor_system]\nthread_pool_size = 2\nmessage_buffer_size = 7\n")
    environ = {
        "REFLOW_ACTOR_SYSTEM__THREAD_POOL_SIZE": "4",
        "REFLOW_NETWORKING__BIND_ADDRESS": "::1:80",
        "REFLOW_VAR_DIR": "/somewhere",
        "HOME": "/root",
    }

    config = load_config(file, environ)

    assert config == EngineConfig(
        actor_system=ActorSystem(thread_pool_size=4, message_buffer_size=7),
        networking=Networking(bind_address="::1:80"),
    )


def test_a_key_whose_feature_is_not_there_yet_says_so_each_at_once(file: Path) -> None:
    file.write_text(SEED)

    problems = refused(file)

    assert problems == [
        f"{where}: asks for {feature}, a feature that is not there yet; leave it out"
        for where, feature in (
            ("[networking] compression_enabled", "compression between nodes"),
            ("[networking] encryption_enabled", "encryption between nodes"),
            ("[runtimes.deno] permissions", "the Deno runtime"),
            ("[runtimes.python] use_docker", "the Docker sandbox of the Python runtime"),
        )
    ]


def test_such_a_key_may_stand_at_its_default(file: Path) -> None:
    file.write_text("[networking]\nencryption_enabled = false\n[runtimes.deno]\npermissions = []\n")

    config = load_config(file, {"REFLOW_RUNTIMES__DENO__PERMISSIONS": ""})

    assert config == EngineConfig()


def test_every_unknown_key_is_refused_with_the_nearest_name(file: Path) -> None:
    file.write_text(
        "runtimes = 3\n[actor_sistem]\na = 1\n[actor_system]\nthread_pool_sizes = 1\n[networking]\n"
        "message_buffer_size = 2\n"
    )

    problems = refused(file, {"REFLOW_ACTOR_SYSTEMS__MESSAGE_BUFFER_SIZE": "1"})

    assert problems == [
        "[runtimes]: must be a table, not 3",
        "[actor_sistem]: is unknown (did you mean 'actor_system'?)",
        (
            "REFLOW_ACTOR_SYSTEMS__MESSAGE_BUFFER_SIZE: is unknown"
            " (did you mean 'REFLOW_ACTOR_SYSTEM__'?)"
        ),
        "[actor_system] thread_pool_sizes: is unknown (did you mean 'thread_pool_size'?)",
        (
            "[networking] message_buffer_size: is unknown"
            " (one of: bind_address, compression_enabled, encryption_enabled)"
        ),
    ]


def test_a_section_of_a_runtime_that_nobody_knows_is_refused(file: Path) -> None:
    file.write_text("[runtimes.demo]\nmemory_limit = '1MB'\n")

    problems = refused(file)

    assert problems == ["[runtimes.demo]: is unknown (did you mean 'runtimes.deno'?)"]


def test_values_of_the_wrong_kind_or_size_are_refused(file: Path) -> None:
    file.write_text('[actor_system]\nthread_pool_size = 0\nmessage_buffer_size = "many"\n')

    problems = refused(file, {"REFLOW_NETWORKING__COMPRESSION_ENABLED": "yes"})

    assert problems == [
        "[actor_system] thread_pool_size: must be at least 1, not 0",
        "[actor_system] message_buffer_size: must be a whole number, not 'many'",
        "REFLOW_NETWORKING__COMPRESSION_ENABLED: must be true or false, not 'yes'",
    ]


def test_a_file_that_is_no_toml_is_refused_with_its_place(file: Path) -> None:
    file.write_text("[actor_system")

    problems = refused(file)

    assert len(problems) == 1
    assert problems[0].startswith(f"{file}: cannot be read: Expected ']'")


def test_a_problem_of_a_missing_feature_has_its_own_code() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(environ={"REFLOW_NETWORKING__ENCRYPTION_ENABLED": "true"})

    assert caught.value.problems == (
        Problem(
            where="REFLOW_NETWORKING__ENCRYPTION_ENABLED",
            message="asks for encryption between nodes, a feature that is not there yet;"
            " leave it out",
            code="not_there_yet",
        ),
    )


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="max_emit must be at least 1, not 0"):
        Limits(max_emit=0)
