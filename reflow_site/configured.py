"""The settings an operator asks about first, in words, without any secret."""

from __future__ import annotations

import platform
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from kombu.utils.url import maybe_sanitize_url

from engine.errors import ConfigError
from observability.zeal.config import zeal_config


def configured() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "folder": str(settings.VAR_DIR),
        "database": _database(settings.DATABASES["default"]),
        "broker": _server(settings.BROKER_URL),
        "redis": _server(settings.REDIS_URL),
        "web server": settings.ASGI_SERVER,
        "engine": _engine(),
        "actors of your own": ", ".join(settings.REFLOW_ACTORS) or "none",
        "zeal": _zeal(),
        "private addresses": ", ".join(settings.HTTP_ALLOW_PRIVATE) or "none may be called",
    }


def _database(database: dict[str, Any]) -> str:
    engine = database["ENGINE"].rpartition(".")[2]
    host = f" on {database['HOST']}" if database.get("HOST") else ""
    return f"{engine}: {database['NAME']}{host}"


def _server(url: str) -> str:
    started = " (private: `manage.py up` starts it)" if settings.PRIVATE_BROKER else ""
    return _without_password(url) + started


def _without_password(url: str) -> str:
    """Only what there is is hidden: an address without a password stays as it is."""
    return maybe_sanitize_url(url) if urlsplit(url).password else url


def _engine() -> str:
    file = settings.REFLOW_CONFIG
    return str(file) if file.exists() else "defaults (there is no reflow.toml)"


def _zeal() -> str:
    try:
        config = zeal_config()
    except ConfigError as error:
        return f"wrong: {error}"
    if config is None:
        return "none (headless)"
    return f"{config.url} as {config.node_id}, namespace {config.namespace}"
