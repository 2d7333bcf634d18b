from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from reflow_site.broker_socket import LONGEST_PATH, broker_socket
from reflow_site.supervisor import broker
from reflow_site.supervisor.broker import NoBrokerError, answers, broker_spec, find_server, prepare
from reflow_site.supervisor.children import Child
from reflow_site.supervisor.family import Family
from reflow_site.supervisor.output import Output
from tests.reflow_site.fakes import Terminal


def test_the_socket_is_in_the_folder_of_the_server() -> None:
    assert broker_socket(Path("/srv/my flow/var")) == Path("/srv/my flow/var/broker.sock")


def test_a_path_too_long_for_a_socket_becomes_a_short_one_of_its_own() -> None:
    first = broker_socket(Path("/long" * 30 + "/a"))
    second = broker_socket(Path("/long" * 30 + "/b"))

    assert first != second
    assert first == broker_socket(Path("/long" * 30 + "/a"))
    assert len(os.fsencode(first)) <= LONGEST_PATH


def test_the_wheels_server_is_found() -> None:
    assert Path(find_server()).name == "valkey-server"


def test_without_the_wheel_a_server_on_the_path_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setattr(broker, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_server() == str(program)


def test_without_any_server_the_refusal_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoBrokerError) as caught:
        find_server()

    assert str(caught.value).endswith("or name a running server: REDIS_URL=redis://HOST:6379/0")


def test_the_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    prepare(tmp_path / "sockets" / "broker.sock", tmp_path / "data")

    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("sockets", "data")]
    assert modes == [0o700, 0o700]


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="root may give away")
def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sockets"
    folder.mkdir()
    os.chown(folder, 12345, 12345)

    with pytest.raises(NoBrokerError, match=r"belongs to another user; remove it$"):
        prepare(folder / "broker.sock", tmp_path / "data")


def test_a_private_broker_answers_its_owner_and_keeps_its_data(tmp_path: Path) -> None:
    folder = tmp_path / "with spaces"
    file = folder / "broker.sock"
    prepare(file, folder / "broker")
    family = Family(Output(Terminal()))
    url = f"unix://{str(file).replace(' ', '%20')}"

    family.start(Child(broker_spec(find_server(), file, folder / "broker"), Output(Terminal())))

    assert family.wait(lambda: answers(url), 20)
    assert stat.S_IMODE(file.stat().st_mode) == 0o700
    family.stop()
    assert not answers(url)
    assert (folder / "broker" / "appendonlydir").is_dir()


def test_a_broker_whose_socket_somebody_removed_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "broker.sock"
    prepare(file, tmp_path / "data")
    family = Family(Output(Terminal()))
    said = Terminal()
    child = Child(broker_spec(find_server(), file, tmp_path / "data"), Output(said))
    family.start(child)
    try:
        assert family.wait(lambda: answers(f"unix://{file}"), 20)
        family.wait(lambda: False, 0.3)  # it was seen
        file.unlink()

        assert family.wait(lambda: answers(f"unix://{file}"), 20)
    finally:
        family.stop()
    assert f"broker: {file} is gone; it is ended and started again" in said.getvalue()


def test_what_is_no_broker_does_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "b.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(file))

        assert not answers(f"unix://{file}")
