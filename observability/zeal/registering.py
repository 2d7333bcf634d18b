"""All components to Zeal's palette: what ``register_templates`` and each start do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.conf import settings

from observability.zeal import library
from observability.zeal.registration import Registration, register_categories
from workflows.surroundings import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observability.zeal.client import ZealClient
    from observability.zeal.registration import Report
    from observability.zeal.wire import JsonObject

logger = logging.getLogger(__name__)


def templates() -> Iterator[JsonObject]:
    return library.templates(registry(), version=str(settings.SPECTACULAR_SETTINGS["VERSION"]))


async def register(client: ZealClient) -> tuple[Report, str]:
    """Everything once; the report, and what was wrong with the categories."""
    trouble = await register_categories(client, library.categories(registry()))
    return await Registration(client).run(templates()), trouble


async def register_all(client: ZealClient) -> bool:
    """Everything once, told to the log; False: Zeal did not take it, and it is to be repeated."""
    await sync_to_async(registry)()
    report, trouble = await register(client)
    for line in (*report.told, *([f"categories: {trouble}"] if trouble else [])):
        logger.warning("templates: %s", line)
    if report.stopped:
        logger.warning("templates are not registered yet: %s", report.stopped)
        return False
    text = "%s templates at %s: %s new, %s may be out of date, %s refused"
    numbers = (report.registered, report.outdated, report.refused)
    logger.info(text, report.total, client.config.url, *numbers)
    return True
