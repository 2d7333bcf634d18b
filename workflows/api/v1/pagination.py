"""Keyset pagination: a page costs the same at the end of a long list as at its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Keyset(CursorPagination):
    """``?limit=`` rows a page, 50 unless asked, 500 at most; ``next`` and ``previous`` are URLs."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering = "-created_at"

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, OverflowError, ValidationError, DataError) as error:
            # A cursor that is none of ours decodes to any text, also to no date at all.
            raise NotFound("this cursor leads nowhere", code="cursor_invalid") from error
