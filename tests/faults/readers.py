"""Scenarios of what happens after a run: its webhook, its live view, and retention."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync
from django.utils import timezone

from tests.factories import LONG_AGO, one_node_graph
from tests.faults.scenarios import only, start_short
from tests.faults.world import work
from tests.workflows.sockets import WAIT, socket
from workflows.models import DeliveryStatus, ExecutionEvent, WebhookDelivery
from workflows.pruning import Pace, prune
from workflows.retention import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.world import World

RECEIVER: dict[str, str] = {}  # its address, while a test has one


def with_webhook(world: World) -> None:
    metadata = {"webhook_url": RECEIVER["url"]}
    world.start(one_node_graph(), input={"in": [7]}, metadata=metadata)
    work()


def told(world: World) -> Iterator[str]:
    delivery = WebhookDelivery.objects.get(owner=world.owner)
    if delivery.status != DeliveryStatus.DELIVERED:
        yield f"lost: the webhook is {delivery.status}: {delivery.last_error}"


def over(world: World) -> None:
    start_short(world)
    work()
    world.known |= {"run": only(world).execution_id, "heard": []}


def replay(world: World) -> None:
    """Follow the run from what was heard before, until it is over or the socket says otherwise."""
    async_to_sync(_replay)(world)


async def _replay(world: World) -> None:
    heard: list[int] = world.known["heard"]
    client = socket(authorization=f"Bearer {world.token}")
    accepted, _ = await client.connect(timeout=WAIT)
    if not accepted:
        return
    after = max(heard, default=0)
    await client.say(type="subscribe_workflow", execution_id=world.known["run"], after_seq=after)
    while True:
        frame = json.loads(await client.receive_from(timeout=WAIT))
        if frame["type"] == "network_event":
            heard.append(frame["event"]["seq"])
        elif frame["type"] != "subscription_ack":
            world.known["last"] = frame
            break
    await client.disconnect(timeout=WAIT)


def heard_all(world: World) -> Iterator[str]:
    """What was heard before the fault and after it is every event once."""
    if world.known.get("last", {}).get("code") == "internal_error":
        yield "answered internal_error"
    if world.known.get("last", {}).get("type") != "execution_finished":
        replay(world)
    last = only(world).last_seq
    if world.known["heard"] != [*range(1, last + 1)]:
        yield f"gap: heard {world.known['heard']} of {last}"


def long_over(world: World) -> None:
    over(world)
    world.runs.update(created_at=LONG_AGO, finished_at=LONG_AGO)


def remove() -> None:
    policy = Policy(timezone.now(), executions_days=30, runs_per_workflow=0, events_days=0)
    prune(source="command", policy=policy, pace=Pace(60.0, rest=0.0))


def pruned_or_whole(world: World) -> Iterator[str]:
    """A run that is still there has all its events, or says that they go."""
    for row in world.runs:
        events = ExecutionEvent.objects.filter(execution=row).count()
        if row.events_pruned_at is None and events != row.last_seq:
            yield f"half-written: {events} of {row.last_seq} events"


def pruned(world: World) -> Iterator[str]:
    remove()
    if world.runs.exists():
        yield "stuck: the next pass does not remove it"
