"""What is known of Zeal between two starts."""

from __future__ import annotations

from observability.models.zeal_status import ZealStatus
from observability.models.zeal_template import TemplateState, ZealTemplate

__all__ = ["TemplateState", "ZealStatus", "ZealTemplate"]
