"""``manage.py register_templates``, and what ``doctor`` and ``/health`` say of Zeal."""

from __future__ import annotations

import json
import socket
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command

from engine.registry import builtin
from observability.health import measure
from observability.zeal.book import note_error
from observability.zeal.config import ZealConfig
from reflow_site.configured import configured
from tests.fakes.zeal import FakeZeal, Faults

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = len(builtin())


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("register_templates", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


async def command(settings: Any, zeal: FakeZeal, *arguments: str) -> tuple[str, str]:
    settings.ZEAL_URL = zeal.url
    return await sync_to_async(run)(*arguments)


async def found(settings: Any, url: str) -> tuple[bool, str]:
    settings.ZEAL_URL = url
    check = await sync_to_async(measure)("zeal")
    return check.works, check.found


@pytest.fixture
def closed_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Nothing can be looked up or connected to; who tries is noted."""
    tried: list[Any] = []

    def refuse(*arguments: Any, **_named: Any) -> None:
        tried.append(arguments)
        raise OSError("the network is closed")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    if socket.socket.__module__ != "pytest_socket":
        monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


async def test_the_components_are_registered_twice(settings: Any) -> None:
    async with FakeZeal("shipped") as zeal:
        first, _ = await command(settings, zeal)
        second, _ = await command(settings, zeal)

        assert len(zeal.store.templates) == COUNT
        assert "math" in zeal.store.categories
    assert first.startswith(f"{COUNT} templates at {zeal.url} as reflow: {COUNT} registered")
    assert f"0 registered, {COUNT} unchanged" in second


def test_a_dry_run_prints_what_it_would_send() -> None:
    out, err = run("--dry-run")

    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["template"]["id"] for line in lines if "template" in line] == list(builtin())
    assert {"category": {"name": "math", "displayName": "Math"}} in lines
    assert f"{COUNT} templates would be sent; problems: 0" in err


def test_a_dry_run_says_what_zeal_would_refuse(settings: Any) -> None:
    settings.REFLOW_ACTORS = ["tests.observability.zeal.actors:NoTitle"]

    with pytest.raises(CommandError, match="Zeal would refuse some of them"):
        run("--dry-run")


async def test_templates_that_are_refused_end_it_with_an_error(settings: Any) -> None:
    settings.REFLOW_ACTORS = ["tests.observability.zeal.actors:NoTitle"]
    async with FakeZeal("shipped") as zeal:
        with pytest.raises(CommandError, match="some templates were refused"):
            await command(settings, zeal)

        assert len(zeal.store.templates) == COUNT


async def test_a_zeal_that_takes_nothing_ends_it_with_its_answer(settings: Any) -> None:
    async with FakeZeal("shipped", secret_key="secret") as zeal:
        with pytest.raises(CommandError, match="stopped: 401 AUTH_REQUIRED"):
            await command(settings, zeal)
        works, told = await found(settings, zeal.url)

    assert works
    assert "no templates registered yet" in told
    assert told.endswith("templates: 401 AUTH_REQUIRED: Authentication required")


async def test_outdated_templates_are_told(settings: Any) -> None:
    async with FakeZeal("shipped", faults=Faults(lie_about_duplicates=True)) as zeal:
        told, _ = await command(settings, zeal)
        works, seen = await found(settings, zeal.url)

    assert f"{COUNT} may be out of date" in told
    assert "cannot change a template that it has" in told
    assert works
    assert f"{COUNT} of {COUNT} templates registered, {COUNT} of them may be out of date" in seen


def test_a_wrong_address_is_refused(settings: Any) -> None:
    settings.ZEAL_URL = "ftp://zeal.example"

    with pytest.raises(CommandError, match="ZEAL_URL"):
        run()
    assert measure("zeal").found.startswith("ZEAL_URL")
    assert configured()["zeal"].startswith("wrong: ZEAL_URL")


def test_without_an_address_nothing_is_ever_tried(settings: Any, closed_network: list[Any]) -> None:
    settings.ZEAL_URL = ""

    with pytest.raises(CommandError, match="there is no Zeal"):
        run()
    check = measure("zeal")

    assert (check.works, check.found) == (True, "headless: ZEAL_URL is empty")
    assert configured()["zeal"] == "none (headless)"
    assert closed_network == []
    settings.ZEAL_URL = "http://127.0.0.1:9"
    assert not measure("zeal").works
    assert closed_network != []


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("shipped", "healthy, shipped, profile zeal"),
        ("intended", "healthy, intended, profile zeal"),
    ],
)
async def test_the_mode_of_zeal_is_found(settings: Any, mode: Any, told: str) -> None:
    async with FakeZeal(mode) as zeal:
        works, seen = await found(settings, zeal.url)
        shown = configured()["zeal"]

    assert works
    assert seen.startswith(f"{zeal.url}: {told}; ")
    assert shown.startswith(f"{zeal.url} as reflow-")


async def test_a_zeal_that_is_away_is_said_with_its_last_error(settings: Any) -> None:
    async with FakeZeal("shipped") as zeal:
        url = zeal.url
    await note_error(ZealConfig(url), "first\0")
    await note_error(ZealConfig(url), "second\0")

    works, told = await found(settings, url)

    assert not works
    assert "no connection" in told
    assert told.endswith("second\N{REPLACEMENT CHARACTER}")
