"""Payloads as objects in S3, or in what speaks like it: no call waits long for a silent server."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage

CONNECT_SECONDS = 5
READ_SECONDS = 15  # between two parts of an answer
ATTEMPTS = 2  # boto3 itself would wait for minutes, and a transaction with it


class PayloadObjects(S3Storage):  # type: ignore[misc]  # it is untyped
    """A bucket; one name has one content, so that writing again changes nothing."""

    def get_default_settings(self) -> dict[str, Any]:
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        )
        found: dict[str, Any] = super().get_default_settings()
        return found | {"client_config": config, "file_overwrite": True}
