"""A page for people that needs nothing: no database, no session, no template."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Reflow</title></head>
<body><p>{text}</p></body></html>
"""


def plain_page(text: str, *, status: int, retry_after_seconds: int) -> HttpResponse:
    headers = {"Retry-After": str(retry_after_seconds)}
    return HttpResponse(_PAGE.format(text=escape(text)), status=status, headers=headers)
