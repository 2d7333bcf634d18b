"""An HTTP answer as a value, and the text and addresses that may be shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from engine.codec import parse_json


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer. Header names are in lower case; one that came twice is joined by ", "."""

    status: int
    headers: Mapping[str, str]
    body: bytes  # decoded
    method: str
    url: str  # where the answer came from, after redirects; without user and password
    charset: str = "utf-8"

    @property
    def text(self) -> str:
        """The body as text; what is not in its character set becomes U+FFFD."""
        try:
            return self.body.decode(self.charset, errors="replace")
        except LookupError:  # a character set nobody knows
            return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            CodecError: it is not JSON, or breaks one of the limits of our JSON.
        """
        return parse_json(self.body)


def without_credentials(url: str) -> str:
    """The address without user, password and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def shown(url: str) -> str:
    """The address as it may stand in an error or a log: the values of its query are cut too."""
    try:
        parts = urlsplit(without_credentials(url))
    except ValueError:
        return "the url"
    query = "&".join(f"{item.partition('=')[0]}=..." for item in parts.query.split("&") if item)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
