"""No secret of a message reaches Zeal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async

from tests.fakes.zeal import FakeZeal
from tests.observability.zeal.told import config_of, make_run, message, syncing, told

if TYPE_CHECKING:
    from tests.fakes.zeal.server import Mode

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "canary-7f3a91"
SECRETS = {
    "password": CANARY,
    "nested": [{"api_key": CANARY, "Authorization": f"Bearer {CANARY}"}],
    "headers": {"x-own": CANARY},
    "set-cookie": CANARY,
}


def letter() -> tuple[str, str, dict[str, Any]]:
    kind, node, data = message(1)
    value = {"type": "Object", "data": SECRETS | {"city": "Bern", "text": "z" * 5_000}}
    return kind, node, data | {"message": value, "size": 5_000}


@pytest.mark.parametrize("mode", ["intended", "shipped"])
async def test_secrets_are_hidden_and_previews_are_cut(mode: Mode) -> None:
    async with FakeZeal(mode) as zeal, syncing(config_of(zeal, preview_characters=300)):
        await told(await sync_to_async(make_run)(letter()))

    arrived = json.dumps([*zeal.record.of("event"), *zeal.record.of("hop")])
    assert "Bern" in arrived
    assert "zz…" in json.dumps(json.loads(arrived), ensure_ascii=False)
    assert CANARY not in arrived
    assert len(arrived) < 2_000


async def test_without_previews_nothing_of_a_message_is_told() -> None:
    async with FakeZeal("intended") as zeal, syncing(config_of(zeal)):
        await told(await sync_to_async(make_run)(letter()))

    (event,) = zeal.record.of("event")
    assert event["event"]["data"] == {"size": 5_000, "type": "Object"}
    assert "Bern" not in json.dumps(zeal.record.entries)
