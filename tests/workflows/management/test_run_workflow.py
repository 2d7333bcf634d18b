from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from engine.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


def shout() -> Graph:
    graph = Graph("shout", case_sensitive=True)
    graph.add_node("up", "tpl_data_transformer", {"operation": "to_uppercase"})
    graph.add_inport("text", "up", "input")
    graph.add_outport("loud", "up", "output")
    return graph


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Graph | str], str]:
    def write(content: Graph | str) -> str:
        path = tmp_path / "graph.json"
        path.write_text(content if isinstance(content, str) else content.to_json())
        return str(path)

    return write


def run(*arguments: str) -> tuple[int, str]:
    """The exit code and what was printed; of a CommandError its text."""
    out = StringIO()
    try:
        call_command("run_workflow", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def without_time(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    found.pop("duration_ms")
    return found


def test_a_graph_file_runs_and_its_result_is_printed(file: Callable[..., str]) -> None:
    code, printed = run(file(shout()), "--input", '{"text": "hey"}')

    assert code == 0
    assert "completed in" in printed
    assert '"HEY"' in printed
    assert "ActorCompleted" in printed


def test_quiet_prints_the_result_only(file: Callable[..., str]) -> None:
    _code, printed = run(file(shout()), "--input", '{"text": "hey"}', "--quiet")

    assert "ActorCompleted" not in printed
    assert '"HEY"' in printed


def test_json_prints_one_object_a_line_and_the_result_last(file: Callable[..., str]) -> None:
    code, printed = run(file(shout()), "--input", '{"text": "hey"}', "--json")

    lines = printed.splitlines()
    types = [json.loads(line)["type"] for line in lines]
    assert code == 0
    assert types == [
        "Started",
        "MessageReceived",
        "NodeExecuting",
        "ActorCompleted",
        "NetworkIdle",
        "NetworkShutdown",
        "Result",
    ]
    assert without_time(lines[-1]) == {
        "type": "Result",
        "status": "completed",
        "nodes_executed": 1,
        "nodes_failed": 0,
        "outputs": {"loud": ["HEY"]},
    }
    assert json.loads(lines[1])["data"]["message"] == {"type": "String", "data": "hey"}


def test_the_input_may_come_from_a_file(file: Callable[..., str], tmp_path: Path) -> None:
    given = tmp_path / "input.json"
    given.write_text('{"text": "from a file"}')

    _code, printed = run(file(shout()), "--quiet", "--json", "--input", f"@{given}")

    assert json.loads(printed)["outputs"] == {"loud": ["FROM A FILE"]}


def test_a_key_that_nobody_reads_is_warned_of(file: Callable[..., str]) -> None:
    _code, printed = run(file(shout()), "--quiet", "--input", '{"txet": 1}')

    assert "warning" in printed
    assert "txet" in printed


def test_a_failed_run_exits_with_one_and_names_the_error() -> None:
    code, printed = run(str(EXAMPLES / "error_handling.json"), "--quiet", "--json")

    result = json.loads(printed)
    assert code == 1
    assert result["status"] == "failed"
    assert [error["node"] for error in result["errors"]] == ["parse"]


def test_a_graph_that_cannot_run_exits_with_two_and_lists_every_problem(
    file: Callable[..., str],
) -> None:
    graph = shout()
    graph.add_node("typo", "tpl_lopp")
    graph.add_connection("up", "outptu", "typo", "collection")

    code, printed = run(file(graph))

    assert code == 2
    assert len(printed.splitlines()) >= 3
    assert "tpl_loop" in printed
    assert "outptu" in printed


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{", "{}"),
        ("[]", "{}"),
        ("\0", "{}"),
        (shout().to_json(), "[1]"),
        (shout().to_json(), "{"),
        (shout().to_json(), '{"text": NaN}'),
        (shout().to_json(), "@/no/such/file"),
        (shout().to_json(), '{"text": {"type": "Integer", "data": "x"}}'),
    ],
)
def test_what_cannot_be_read_exits_with_two(
    file: Callable[..., str], text: str, given: str
) -> None:
    code, _printed = run(file(text), "--input", given)

    assert code == 2


def test_a_missing_file_and_one_that_is_no_text_exit_with_two(tmp_path: Path) -> None:
    binary = tmp_path / "image"
    binary.write_bytes(b"\xff\xfe\x00")

    assert [run(str(tmp_path / "none"))[0], run(str(binary))[0]] == [2, 2]


def test_the_terminal_gets_no_control_characters_from_a_graph(file: Callable[..., str]) -> None:
    graph = shout()
    graph.add_node("\x1b[31mred", "tpl_passthrough")
    graph.add_initial("\x1b[31mred", "input", "[bold]\x1b]0;title\x07[/bold]")

    _code, printed = run(file(graph), "--input", '{"text": "\\u001b[2J"}')

    assert "\x1b" not in printed
    assert "[bold]" in printed  # rich's own markup is text here


def test_nothing_private_is_reached_without_leave(
    customer_url: str, file: Callable[..., str]
) -> None:
    text = (EXAMPLES / "http_enrichment.json").read_text()
    path = file(text.replace("http://127.0.0.1:8765", customer_url))

    denied = run(path, "--quiet", "--json", "--allow-network")
    allowed = run(path, "--quiet", "--json", "--allow-private", "127.0.0.1")

    assert json.loads(denied[1])["outputs"]["enriched"] == []
    assert json.loads(allowed[1])["outputs"]["enriched"][0]["b"]["tier"] == "gold"


def test_ctrl_c_ends_the_run_in_order(file: Callable[..., str], tmp_path: Path) -> None:
    graph = Graph("slow", case_sensitive=True)
    graph.add_node("wait", "tpl_delay", {"delayMs": 60_000})
    graph.add_initial("wait", "input", 1)
    command = [sys.executable, "manage.py", "run_workflow", file(graph), "--json"]
    environment = {**os.environ, "REFLOW_VAR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(  # noqa: S603 -- our own command
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None

    for line in process.stdout:
        if '"NodeExecuting"' in line:
            break
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["status"] == "cancelled"
