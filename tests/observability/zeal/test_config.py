"""The settings of Zeal, read once and checked."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import ConfigError
from engine.http import HttpDeniedError
from engine.http.guard import Guard
from observability.zeal.config import SocketKind, TraceApi, ZealConfig, zeal_config
from observability.zeal.wire import body, clean, present, whole


def test_without_an_address_there_is_no_zeal() -> None:
    assert zeal_config() is None


def test_all_that_can_be_set(settings: Any) -> None:
    settings.ZEAL_URL = "https://zeal.example/base//"
    settings.ZEAL_API_KEY = "key"
    settings.ZEAL_NODE_ID = "node-1"
    settings.ZEAL_TRACES = "seed"
    settings.ZEAL_SOCKET = "raw"
    settings.ZEAL_SOCKET_URL = "wss://live.example:3001"

    found = zeal_config()

    assert found == ZealConfig(
        "https://zeal.example/base",
        "key",
        node_id="node-1",
        traces=TraceApi.SEED,
        socket=SocketKind.RAW,
        socket_url="https://live.example:3001",
    )
    assert found.profile == "seed"


def test_every_wrong_setting_is_named_at_once(settings: Any) -> None:
    settings.ZEAL_URL = "http://user:password@zeal.example"
    settings.ZEAL_NAMESPACE = "a/b"
    settings.ZEAL_TRACES = "zipp"
    settings.ZEAL_SOCKET = "sockets"
    settings.ZEAL_SOCKET_URL = "file:///secret"

    with pytest.raises(ConfigError) as caught:
        zeal_config()

    assert [problem.where for problem in caught.value.problems] == [
        "ZEAL_URL",
        "ZEAL_NAMESPACE",
        "ZEAL_TRACES",
        "ZEAL_SOCKET",
        "ZEAL_SOCKET_URL",
    ]
    assert "password" not in str(caught.value)


def test_a_node_has_the_same_name_each_time(settings: Any) -> None:
    settings.ZEAL_URL = "http://[::1]:3000"
    first, second = zeal_config(), zeal_config()

    assert first is not None
    assert first == second
    assert first.node_id.startswith("reflow-")
    assert first.permissions().private_hosts == {"[::1]:3000"}


async def test_only_zeals_own_port_of_a_private_host_may_be_called() -> None:
    guard = Guard(ZealConfig("http://127.0.0.1:3000").permissions())

    assert len(await guard.addresses("127.0.0.1", 3000, 1)) == 1
    with pytest.raises(HttpDeniedError):
        await guard.addresses("127.0.0.1", 8080, 1)


def test_values_are_written_as_zeal_takes_them() -> None:
    assert present(a=1, b=None, c="") == {"a": 1, "c": ""}
    assert [whole(number) for number in (1.5, -3, 2**40)] == [2, 0, 2**31 - 1]
    assert clean({"a\0": ["\0", {"b": "é\ud800"}, 1]}) == {"a\ufffd": ["\ufffd", {"b": "é?"}, 1]}
    assert body({"a": (1, 2.5)}) == b'{"a":[1,2.5]}'
