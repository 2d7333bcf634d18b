"""Old processes go on while a new version is installed: they must be able to write rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, SeparateDatabaseAndState
from django.db.models import NOT_PROVIDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.migrations.operations.base import Operation

OURS = ("workflows", "observability")
BEFORE_THE_RULE = "0005"  # of the first day, when nothing was installed anywhere


def added_fields(operations: Sequence[Operation]) -> Iterator[AddField]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from added_fields(operation.state_operations)
        elif isinstance(operation, AddField):
            yield operation


def test_a_column_that_is_added_has_a_default_in_the_database() -> None:
    found = MigrationLoader(None).disk_migrations
    wrong = [
        f"{app}.{name}: {operation.model_name}.{operation.name}"
        for (app, name), migration in found.items()
        if app in OURS and not (app == "workflows" and name < BEFORE_THE_RULE)
        for operation in added_fields(migration.operations)
        if not operation.field.null and operation.field.db_default is NOT_PROVIDED
    ]

    assert not wrong, "give these fields a db_default, or make them nullable"
