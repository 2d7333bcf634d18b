"""Where files are kept: Django's storages, as its settings want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KINDS = ("file", "s3")


def storages(kind: str, folder: Path, s3: Mapping[str, str]) -> dict[str, Any]:
    """Django's own two, and the one for large payloads."""
    return {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "payloads": _bucket(s3) if kind == "s3" else _folder(folder),
    }


def _folder(folder: Path) -> dict[str, Any]:
    options = {"location": str(folder)}
    return {"BACKEND": "workflows.payload_files.PayloadFiles", "OPTIONS": options}


def _bucket(s3: Mapping[str, str]) -> dict[str, Any]:
    """A bucket of S3 or of what speaks like it; an empty option is left to boto3 to find."""
    options: dict[str, Any] = {name: value for name, value in s3.items() if value}
    return {"BACKEND": "workflows.payload_objects.PayloadObjects", "OPTIONS": options}
