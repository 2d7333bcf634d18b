"""Every error of the interfaces becomes one shape here; nothing else builds an error answer."""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import Error as DatabaseError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response

from engine.errors import CodecError, LimitError, Problem, ProblemsError
from workflows.api.envelope import failure
from workflows.errors import AdmissionError, ConflictError, PayloadError, PayloadMissingError
from workflows.trouble import Trouble, trouble_of

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5  # the database, or a storage, was away: it is usually back within this
LATER = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class BodyTooLargeError(exceptions.APIException):
    """The body of a request, or a message of a socket, is over a limit."""

    status_code = 413
    default_code = "body_too_large"

    def __init__(self, limit: int, name: str = "API_MAX_BODY_BYTES") -> None:
        super().__init__(f"the body is over {limit} bytes (limit: {name})")


class MalformedError(exceptions.APIException):
    """A message that cannot be read at all."""

    status_code = 400
    default_code = "malformed"


class LimitReachedError(exceptions.APIException):
    """A client asked for more at once than one may have."""

    status_code = 429
    default_code = "limit_exceeded"


@dataclass(frozen=True, slots=True)
class Failure:
    """What an exception means to a client."""

    status: int
    error: str
    code: str
    problems: tuple[Problem, ...] = ()
    headers: Mapping[str, str] | None = None

    def body(self) -> dict[str, Any]:
        return failure(self.error, self.code, self.problems)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Django REST framework's hook: any exception of a view, as an answer."""
    answer = failure_of(exc)
    if answer.status == 500:
        logger.error("%s failed", type(context["view"]).__name__, exc_info=exc)
    return Response(answer.body(), status=answer.status, headers=dict(answer.headers or {}))


limit_hits: Counter[str] = Counter()  # of this process, for its metrics
_NAMED_LIMIT = re.compile(r"\(limit: ([A-Za-z_]+)")


def failure_of(exc: Exception) -> Failure:
    """What an exception means; one that the table does not know is a 500 without detail."""
    answer = _failure_of(exc)
    if found := _NAMED_LIMIT.search(answer.error):
        limit_hits[found[1]] += 1
    elif answer.status in (413, 429):
        limit_hits[answer.code] += 1
    return answer


def _failure_of(exc: Exception) -> Failure:
    if isinstance(exc, DatabaseError) and (answer_of_database := of_database(exc)):
        return answer_of_database
    for kinds, answer in _ANSWERS:
        if isinstance(exc, kinds):
            return answer(exc)
    return Failure(500, "something went wrong on the server", "internal_error")


def _of_framework(exc: exceptions.APIException) -> Failure:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    if isinstance(exc, exceptions.ValidationError):
        problems = tuple(_problems(exc.detail, ""))
        return Failure(400, "; ".join(map(str, problems)), "invalid", problems, headers)
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else exc.default_code
    return Failure(exc.status_code, str(exc.detail), _CODES.get(code, code), headers=headers)


def of_database(exc: DatabaseError) -> Failure | None:
    """503 if the database cannot serve just now; None for an error that is ours."""
    trouble = trouble_of(exc)
    if trouble is None:
        return None
    logger.warning("the database could not serve: %s", exc)
    return Failure(503, _TROUBLES[trouble], trouble.value, headers=LATER)


_TROUBLES = {
    Trouble.AWAY: "the database is not available",
    Trouble.SLOW: "the database took too long",
    Trouble.FULL: "the disk of the database is full",
}


def _of_admission(exc: AdmissionError) -> Failure:
    headers = {"Retry-After": str(exc.retry_after_seconds)}
    return Failure(429, str(exc), exc.code, headers=headers)


# The first that fits: a subclass stands above its base.
_ANSWERS: tuple[tuple[Any, Callable[[Any], Failure]], ...] = (
    (exceptions.APIException, _of_framework),
    (PayloadMissingError, lambda exc: Failure(410, str(exc), exc.code)),
    (PayloadError, lambda exc: Failure(503, str(exc), exc.code, headers=LATER)),
    (ProblemsError, lambda exc: Failure(400, str(exc), exc.code, exc.problems)),
    ((CodecError, LimitError), lambda exc: Failure(400, str(exc), exc.code)),
    (ConflictError, lambda exc: Failure(409, str(exc), exc.code)),
    (AdmissionError, _of_admission),
    (Http404, lambda _: Failure(404, "there is nothing here", "not_found")),
    (PermissionDenied, lambda _: Failure(403, "this is not allowed", "permission_denied")),
    (RequestDataTooBig, lambda _: Failure(413, "the body is too large", "body_too_large")),
    (
        (SuspiciousOperation, MultiPartParserError),
        lambda _: Failure(400, "the request is malformed", "bad_request"),
    ),
    (ValidationError, lambda exc: Failure(400, "; ".join(exc.messages), "invalid")),
)

# Where the framework's own word would not tell a client what to do.
_CODES = {"parse_error": "json_invalid", "throttled": "rate_limited"}


def _problems(detail: Any, path: str) -> Iterator[Problem]:
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _problems(inner, ".".join(filter(None, (path, name))))
    elif isinstance(detail, (list, tuple)):
        for inner in detail:
            yield from _problems(inner, path)
    else:
        yield Problem(where=path or "body", message=str(detail), code=getattr(detail, "code", ""))
