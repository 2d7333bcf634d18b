"""How it stands with Zeal: asked now, and remembered; without any secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync

from observability.models import TemplateState, ZealStatus, ZealTemplate
from observability.zeal.answers import Answer, Ok, lost_parameter
from observability.zeal.client import ZealClient

if TYPE_CHECKING:
    from observability.zeal.config import ZealConfig
    from observability.zeal.documents import Health


@dataclass(frozen=True, slots=True)
class Seen:
    reachable: bool
    told: str  # one line


def look_at(config: ZealConfig) -> Seen:
    """Ask Zeal for its health and for what works there, and say what we remember of it."""
    health, mode = async_to_sync(_ask)(config)
    if not isinstance(health, Ok):
        return Seen(reachable=False, told="; ".join([f"{config.url}: {health}", *_memory(config)]))
    state = "healthy" if health.data.healthy else "unhealthy"
    heading = f"{config.url}: {state}, {mode}, profile {config.profile}"
    return Seen(reachable=True, told="; ".join([heading, *_memory(config)]))


async def _ask(config: ZealConfig) -> tuple[Answer[Health], str]:
    async with ZealClient(config) as client:
        health = await client.health()
        mode = await find_mode(client) if isinstance(health, Ok) else "unknown"
        return health, mode


async def find_mode(client: ZealClient) -> str:
    """``shipped``: the released program, which loses ids in paths; ``intended``: it does not."""
    answer = await client.namespace_templates()
    if lost_parameter(answer):
        return "shipped"
    return "intended" if isinstance(answer, Ok) else "unknown"


def _memory(config: ZealConfig) -> list[str]:
    parts = []
    rows = ZealTemplate.objects.filter(zeal=config.url, namespace=config.namespace)
    status = ZealStatus.objects.filter(zeal=config.url).first()
    if status is not None and status.templates_at:
        there = rows.exclude(state=TemplateState.REFUSED).count()
        old = rows.filter(state=TemplateState.OUTDATED).count()
        stale = f", {old} of them may be out of date" if old else ""
        parts.append(f"{there} of {status.templates_total} templates registered{stale}")
    else:
        parts.append("no templates registered yet: manage.py register_templates")
    if status is not None and status.last_error_at:
        when = status.last_error_at.isoformat(timespec="seconds")
        parts.append(f"last error at {when}: {status.last_error}")
    return parts
