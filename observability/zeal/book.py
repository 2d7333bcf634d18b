"""What we remember of a Zeal: which templates it has, and what went wrong last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from observability.models import TemplateState, ZealStatus, ZealTemplate
from observability.zeal.wire import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observability.zeal.config import ZealConfig

MAX_ERROR = 1000  # characters kept
CHANGES = ("checksum", "state", "error", "updated_at")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Zeal has of one template now; ``checksum`` is empty if that is not known."""

    name: str
    checksum: str
    state: TemplateState
    error: str = ""


class TemplateBook:
    """The rows of one namespace at one Zeal."""

    def __init__(self, config: ZealConfig) -> None:
        self._zeal = config.url
        self._namespace = config.namespace
        self._rows = ZealTemplate.objects.filter(zeal=self._zeal, namespace=self._namespace)

    async def checksums(self, names: Iterable[str]) -> dict[str, str]:
        """Of what Zeal has, where we know it."""
        known = self._rows.filter(name__in=list(names)).exclude(checksum="")
        return {name: text async for name, text in known.values_list("name", "checksum")}

    async def save(self, outcomes: Iterable[Outcome]) -> None:
        rows = [
            ZealTemplate(
                zeal=self._zeal,
                namespace=self._namespace,
                name=outcome.name,
                checksum=outcome.checksum,
                state=outcome.state,
                error=_kept(outcome.error),
            )
            for outcome in outcomes
        ]
        await ZealTemplate.objects.abulk_create(
            rows,
            update_conflicts=True,
            unique_fields=("zeal", "namespace", "name"),
            update_fields=CHANGES,
        )

    async def ended(self, total: int) -> None:
        """A registration has seen this many templates."""
        values = {"templates_total": total, "templates_at": Now()}
        await ZealStatus.objects.aupdate_or_create(zeal=self._zeal, defaults=values)


async def note_error(config: ZealConfig, error: str) -> None:
    """Remember what went wrong last, for ``doctor``. The text holds no secret."""
    values = {"last_error": _kept(error), "last_error_at": Now()}
    await ZealStatus.objects.aupdate_or_create(zeal=config.url, defaults=values)


def _kept(error: str) -> str:
    return str(clean(error))[:MAX_ERROR]
