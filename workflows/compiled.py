"""Queries whose SQL is made once: Django takes several times as long to make one as to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

Row = TypeVar("Row", bound=Model)
Compiled = tuple[str, tuple[Any, ...]]


def compiled(rows: QuerySet[Any, Any]) -> Compiled:
    """The text of a query for its first row, and its parameters, some of which hold a place."""
    return rows[:1].query.sql_with_params()


def first(model: type[Row], query: Compiled, values: Mapping[Any, Any]) -> Row | None:
    """Its first row, with these values in the places; both as the database gets them."""
    sql, params = query
    filled = [values.get(value, value) for value in params]
    return next(iter(model._default_manager.raw(sql, filled)), None)  # noqa: SLF001 -- documented
