"""Large texts by reference: the text goes to the payload storage, a short mark into its column.

A text is stored once for each owner, named by the hash of its content, before the row that refers
to it is committed. What a crash leaves between the two is a file that nobody uses.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from workflows.errors import PayloadError, PayloadMissingError
from workflows.models import Execution, Payload, PayloadUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from django.core.files.storage import Storage
    from django.db.models import QuerySet

    from workflows.models import ExecutionEvent

logger = logging.getLogger(__name__)

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_BROKEN = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{8}\Z")  # see payload_files
# No JSON begins like this, and all texts that are kept are JSON: nobody can forge a mark.
_MARK = re.compile(r"@payload:(\d+)/sha256:([0-9a-f]{64})/(\d+)\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a text is, from the mark in its column."""

    owner_id: int
    digest: str
    size_bytes: int

    @property
    def key(self) -> str:
        return f"{self.owner_id}/{self.digest[:2]}/{self.digest}"

    def __str__(self) -> str:
        return f"sha256:{self.digest}"


def keep(execution_pk: UUID, part: str, text: str, owner_id: int | None = None) -> str:
    """What is to stand in the column for a text: itself, or over the limit the mark of its file.

    Needs the transaction that stores the mark. The run's own row may be stored after this.

    Raises:
        PayloadError: the storage did not take it.
    """
    limit = settings.PAYLOAD_INLINE_BYTES
    if len(text) * 4 <= limit:
        return text
    content = text.encode()
    if len(content) <= limit:
        return text
    if owner_id is None:
        owner_id = Execution.objects.values_list("owner_id", flat=True).get(pk=execution_pk)
    reference = Reference(owner_id, sha256(content).hexdigest(), len(content))
    _use(reference, execution_pk, part)
    # After the lock on its row, so that nobody removes the file any more.
    with _told(reference):
        if not _whole(reference):
            _storage().save(reference.key, ContentFile(content))
    return f"@payload:{owner_id}/{reference}/{len(content)}"


def share(execution_pk: UUID, part: str, text: str) -> str:
    """The same text for another run, which then needs it too. Needs an open transaction."""
    reference = reference_of(text)
    if reference is not None:
        _use(reference, execution_pk, part)
    return text


def release(execution_pk: UUID, part: str) -> None:
    """A part of a run has gone, and needs its texts no more."""
    PayloadUse.objects.filter(execution_id=execution_pk, part=part).delete()


def reference_of(text: str) -> Reference | None:
    """Where the text is that this stands for; None if it is the text itself."""
    found = _MARK.match(text) if text.startswith("@") else None
    return None if found is None else Reference(int(found[1]), found[2], int(found[3]))


def read(text: str) -> str:
    """The text of a column, from the storage if it is there.

    Raises:
        PayloadMissingError: it is no longer there, or not as it was; the error names it.
        PayloadError: the storage does not answer.
    """
    reference = reference_of(text)
    if reference is None:
        return text
    with _told(reference), _storage().open(reference.key) as file:
        content: bytes = file.read()
    if sha256(content).hexdigest() != reference.digest:
        raise PayloadMissingError(f"the payload {reference} was changed in the storage")
    return content.decode()


def read_data(text: str) -> Any:
    """The data of an event; if its text is gone, ``payload_missing`` says so in its place."""
    try:
        return json.loads(read(text))
    except PayloadError as error:
        return {error.code: str(error)}


def with_data(rows: Iterable[ExecutionEvent]) -> list[ExecutionEvent]:
    """Events whose data is in the rows; not to be saved again."""
    found = list(rows)
    for row in found:
        if reference_of(row.data) is not None:
            row.data = json.dumps(read_data(row.data))
    return found


def unused() -> QuerySet[Payload]:
    """What no run needs."""
    uses = PayloadUse.objects.filter(payload=OuterRef("pk"))
    return Payload.objects.filter(~Exists(uses))


def remove(pk: int) -> int | None:
    """Remove a payload that is still unused, its file first.

    Returns:
        Its size in bytes; None if a run uses it again, or it is gone.
    """
    with transaction.atomic():
        row = Payload.objects.select_for_update().filter(pk=pk).first()
        if row is None or row.uses.exists():
            return None
        reference = Reference(row.owner_id, row.digest, row.size_bytes)
        with _told(reference):
            _storage().delete(reference.key)
        row.delete()
        return row.size_bytes


def adopt_strays() -> Iterator[int]:
    """Give a row to each file without one, so that it is removed like any unused payload.

    A row that is just being stored makes this wait, or is found: no text in use is taken.

    Returns:
        The keys of the rows, one by one.
    """
    owners = set(get_user_model().objects.values_list("pk", flat=True))
    for owner_id, folder, names in _folders():
        of_owner = Payload.objects.filter(owner_id=owner_id, digest__startswith=folder)
        known = set(of_owner.values_list("digest", flat=True))
        for name in names:
            if _BROKEN.match(name):
                _remove_old(f"{owner_id}/{folder}/{name}")
            elif _DIGEST.match(name) and name not in known and owner_id in owners:
                size = _storage().size(f"{owner_id}/{folder}/{name}")
                row, _ = Payload.objects.get_or_create(
                    owner_id=owner_id, digest=name, defaults={"size_bytes": size}
                )
                yield row.pk


def _folders() -> Iterator[tuple[int, str, list[str]]]:
    storage = _storage()
    with suppress(FileNotFoundError):  # nothing was ever stored
        for owner in filter(str.isdigit, storage.listdir("")[0]):
            for folder in storage.listdir(owner)[0]:
                yield int(owner), folder, storage.listdir(f"{owner}/{folder}")[1]


def _remove_old(key: str) -> None:
    """A file that a crash has left half written."""
    with suppress(FileNotFoundError):
        if timezone.now() - _storage().get_modified_time(key) > timedelta(days=1):
            _storage().delete(key)


@contextmanager
def _told(reference: Reference) -> Iterator[None]:
    """The storage's errors, whatever it is, as ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise PayloadMissingError(
            f"the payload {reference} ({reference.size_bytes} bytes) is not in the storage:"
            " it was removed"
        ) from error
    except Exception as error:
        logger.warning("the payload storage failed at %s: %s", reference, error)
        raise PayloadError(f"the payload storage did not give or take {reference}") from error


def _use(reference: Reference, execution_pk: UUID, part: str) -> None:
    """Note the use under the lock of the payload's row."""
    of_owner = Payload.objects.select_for_update()
    row, _ = of_owner.get_or_create(
        owner_id=reference.owner_id,
        digest=reference.digest,
        defaults={"size_bytes": reference.size_bytes},
    )
    PayloadUse.objects.get_or_create(payload=row, execution_id=execution_pk, part=part)


def _whole(reference: Reference) -> bool:
    storage = _storage()
    return storage.exists(reference.key) and storage.size(reference.key) == reference.size_bytes


def _storage() -> Storage:
    return storages["payloads"]
