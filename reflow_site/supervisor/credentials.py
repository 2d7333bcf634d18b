"""``var/credentials.env``: the first user's name, password and API token, for its owner's eyes."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "user": "REFLOW_ADMIN_USER",
    "password": "REFLOW_ADMIN_PASSWORD",
    "token": "REFLOW_API_TOKEN",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An empty password is one that we do not know."""

    user: str
    password: str
    token: str


def invent(user: str = "admin") -> Credentials:
    return Credentials(user, secrets.token_urlsafe(12), secrets.token_hex(20))


def read(file: Path) -> Credentials | None:
    """What the file says; None without one, or when it names no user."""
    if not file.exists():
        return None
    lines = (line.partition("=") for line in file.read_text("utf-8", errors="replace").splitlines())
    values = {name.strip(): value.strip() for name, _, value in lines}
    found = {field: values.get(name, "") for field, name in NAMES.items()}
    return Credentials(**found) if found["user"] else None


def write(file: Path, credentials: Credentials) -> None:
    """Replace the file in one step; nobody else may read it, at no moment."""
    lines = [f"{name}={getattr(credentials, field)}\n" for field, name in NAMES.items()]
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.writelines(lines)
    fresh.replace(file)
