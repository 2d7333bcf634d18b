"""Reading the environment: a value that cannot be one is refused by the name of its setting."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment(environ.Env):  # type: ignore[misc]
    """The environment and ``.env``; every refusal is an ``ImproperlyConfigured``."""

    def get_value(self, var: str, cast: Any = None, *arguments: Any, **options: Any) -> Any:
        try:
            return super().get_value(var, cast, *arguments, **options)
        except ValueError as error:
            kind = getattr(cast, "__name__", "value")
            raise ImproperlyConfigured(f"{var}={self.ENVIRON.get(var)!r} is no {kind}") from error

    def database(self, var: str) -> dict[str, Any]:
        """A database by its URL. The value is not told: it may hold a password."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they tell it
            try:
                found: dict[str, Any] = self.db_url(var)
            except ValueError:
                found = {}
        if "." not in found.get("ENGINE", ""):  # the scheme itself, if it is not known
            form = "postgres://USER:PASSWORD@HOST:5432/NAME"
            raise ImproperlyConfigured(f"{var} is no address of a database, such as {form}")
        return found

    def folder(self, var: str, default: Path) -> Path:
        """A folder to write in; made if it is not there."""
        folder = Path(self.str(var, default=str(default))).resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=folder).close()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{var}: nothing can be written in {folder}: {error.strerror}"
            ) from error
        return folder
