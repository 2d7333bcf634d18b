"""Payloads as files: each is there as a whole, also after a crash, or it is not there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files.storage import FileSystemStorage

if TYPE_CHECKING:
    from django.core.files import File


class PayloadFiles(FileSystemStorage):
    """A folder; a file gets its name when its content is on the disk."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002 -- Django's signature
        return name  # it says what is inside

    def _save(self, name: str, content: File[Any]) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in content.chunks():
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        return name
