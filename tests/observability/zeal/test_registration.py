"""Registering templates with a Zeal on loopback, again and again."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from observability.models import ZealTemplate
from observability.zeal.client import ZealClient
from observability.zeal.config import TraceApi, ZealConfig
from observability.zeal.registration import Registration, Report, register_categories
from tests.fakes.examples import LOOP
from tests.fakes.zeal import FakeZeal, Faults, make_token

if TYPE_CHECKING:
    from collections.abc import Iterable


pytestmark = pytest.mark.django_db(transaction=True)
RUNTIME = {"executor": "reflow"}


def template(number: int, **changes: Any) -> dict[str, Any]:
    return LOOP | {"id": f"tpl_{number}", "runtime": RUNTIME} | changes


async def register(
    zeal: FakeZeal, templates: Iterable[dict[str, Any]], **more: Any
) -> tuple[Report, list[float]]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    config = ZealConfig(zeal.url, **{"timeout": 20, "handshake": 5, "chunk": 2} | more)
    async with ZealClient(config) as client:
        return await Registration(client, sleep=sleep).run(templates), slept


async def states() -> dict[str, str]:
    rows = ZealTemplate.objects.values_list("name", "state")
    return {name: state async for name, state in rows}


async def test_a_second_start_changes_nothing() -> None:
    async with FakeZeal("shipped") as zeal:
        first, _ = await register(zeal, [template(n) for n in range(3)])
        second, _ = await register(zeal, [template(n) for n in range(4)])

    assert first == Report(registered=3)
    assert second == Report(registered=1, unchanged=3)
    assert zeal.record.paths().count("POST /api/zip/templates/register 200") == 4
    assert set((await states()).values()) == {"registered"}


async def test_after_an_upgrade_the_changed_ones_are_updated_where_that_works() -> None:
    async with FakeZeal("intended") as zeal:
        await register(zeal, [template(n) for n in range(2)])
        report, _ = await register(zeal, [template(0, title="New"), template(1)])

        assert zeal.store.templates["reflow/tpl_0"]["title"] == "New"
    assert report == Report(updated=1, unchanged=1)


async def test_a_zeal_that_cannot_update_is_asked_once_and_the_rest_counted() -> None:
    async with FakeZeal("shipped") as zeal:
        await register(zeal, [template(n) for n in range(3)])
        report, _ = await register(zeal, [template(n, title="New") for n in range(3)])
        back, _ = await register(zeal, [template(n) for n in range(3)])

    assert report == Report(outdated=3)
    assert [path for path in zeal.record.paths() if path.startswith("PUT")] == [
        "PUT /api/zip/templates/reflow/tpl_0 400"
    ]
    assert back == Report(unchanged=3)


async def test_a_zeal_that_restarted_empty_gets_them_all_again() -> None:
    async with FakeZeal("shipped") as zeal:
        await register(zeal, [template(n) for n in range(3)])
        await zeal.restart()
        report, _ = await register(zeal, [template(n) for n in range(3)])

    assert report == Report(registered=3)


async def test_a_bad_template_stops_no_other() -> None:
    bad = template(1, title=None)
    unseen = template(2, ports=[{"id": "in", "label": "In", "type": "side"}], runtime=RUNTIME)
    async with FakeZeal("shipped") as zeal:
        report, _ = await register(zeal, [template(0), bad, unseen, template(3)], chunk=4)

        assert sorted(zeal.store.templates) == ["reflow/tpl_0", "reflow/tpl_3"]
    assert (report.registered, report.refused) == (2, 2)
    assert report.told[0] == "template 'tpl_1': title: must be a text, not None"
    assert report.told[1].startswith("template 'tpl_2': 400 VALIDATION_ERROR")


async def test_a_lie_about_duplicates_is_not_believed_for_ever() -> None:
    async with FakeZeal("intended", faults=Faults(lie_about_duplicates=True)) as zeal:
        report, _ = await register(zeal, [template(0)])
        zeal.faults.lie_about_duplicates = False
        again, _ = await register(zeal, [template(0)])

    assert report == Report(outdated=1)
    assert again == Report(registered=1)


async def test_an_item_that_zeal_cannot_store_is_told() -> None:
    async with FakeZeal("shipped", faults=Faults(item_error="no room")) as zeal:
        report, _ = await register(zeal, [template(0)])

    assert (report.refused, report.told) == (1, ["template 'tpl_0': no room"])
    assert await states() == {"tpl_0": "refused"}


@pytest.mark.parametrize(
    ("script", "slept"),
    [
        (["error", "html", "drop"], [1, 2, 4]),
        (["refuse:7", "busy"], [7, 2]),
        (["lost"], [1]),
    ],
)
async def test_trouble_is_waited_for(script: list[str], slept: list[float]) -> None:
    faults = Faults()
    faults.script.extend(script)
    async with FakeZeal("intended", faults=faults) as zeal:
        report, waited = await register(zeal, [template(0), template(1)])

        assert len(zeal.store.templates) == 2
    assert waited == slept
    assert (report.total, report.stopped) == (2, "")


async def test_a_zeal_that_never_answers_well_ends_it_with_its_reason() -> None:
    async with FakeZeal("shipped", faults=Faults(error_share=1)) as zeal:
        report, slept = await register(zeal, [template(0)])

    assert slept == [1, 2, 4, 8]
    assert report.stopped == "5 attempts, the last one: 500 INTERNAL_ERROR: Internal server error"


async def test_a_wrong_key_is_an_end_too() -> None:
    async with FakeZeal("shipped", secret_key="secret") as zeal:
        report, slept = await register(zeal, [template(0)])
        good, _ = await register(zeal, [template(0)], api_key=make_token("secret"))

    assert (report.stopped, slept) == ("401 AUTH_REQUIRED: Authentication required", [])
    assert good == Report(registered=1)


async def test_the_seed_has_its_own_path_and_no_categories() -> None:
    async with FakeZeal("seed") as zeal:
        await register(zeal, [template(0)], traces=TraceApi.SEED)
        report, _ = await register(zeal, [template(0, title="New")], traces=TraceApi.SEED)
        config = ZealConfig(zeal.url, traces=TraceApi.SEED)
        async with ZealClient(config) as client:
            told = await register_categories(client, [{"name": "a", "displayName": "A"}])

    assert report == Report(outdated=1)
    assert told == ""
    assert {path.split()[1] for path in zeal.record.paths()} == {"/api/templates/register"}


async def test_categories_that_are_refused_are_told() -> None:
    async with FakeZeal("shipped") as zeal, ZealClient(ZealConfig(zeal.url)) as client:
        good = await register_categories(client, [{"name": "a", "displayName": "A"}])
        bad = await register_categories(client, [{"name": "3d", "displayName": "3D"}])

    assert good == ""
    assert bad.startswith("400 VALIDATION_ERROR")


async def test_ten_thousand_templates_take_little_memory() -> None:
    made = (template(number) for number in range(10_000))
    async with FakeZeal("shipped") as zeal:
        zeal.record.add = lambda *_args, **_fields: None  # type: ignore[method-assign]
        zeal.store.templates = _Forgetful()  # the double's own memory is not measured
        tracemalloc.start()
        report, _ = await register(zeal, made, chunk=200)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert report == Report(registered=10_000)
    assert peak < 20 * 1024 * 1024
    assert await ZealTemplate.objects.acount() == 10_000


class _Forgetful(dict[str, Any]):
    def __setitem__(self, key: str, value: Any) -> None:
        """Keep nothing."""
