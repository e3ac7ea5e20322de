"""Writing the logs. Call these in the transaction of what they tell of."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.db import models, transaction

from manzanita.auditing.kinds import ContentClass, ReadKind
from manzanita.auditing.log_rows import LogRow
from manzanita.auditing.models import ChangeEvent, ReadEvent, Unsealed
from manzanita.auditing.viewing import count_viewing
from manzanita.platform import clock
from manzanita.platform.request_ids import current_request_id

SYSTEM_LABEL = "system"
deeds = logging.getLogger("manzanita.deeds")
# Of an export only so many keys: a line of the log has to go into one message.
MOST_TOLD = 60


class Reader(Protocol):
    """What the logs need to know of who is acting; ``domain.access.Actor`` has it.

    An actor who looks as somebody else also has ``reader_id``, who really looks, and ``viewed_as_user_id``; the
    grant is the other's then.
    """

    @property
    def user_id(self) -> int: ...

    @property
    def grant_id(self) -> int | None: ...

    @property
    def perspective_key(self) -> str: ...

    @property
    def agency_code(self) -> str: ...


def append(row: LogRow) -> None:
    """Store a new row of a log and let it wait for its seal, both or neither."""
    with transaction.atomic(savepoint=False):
        row.save()
        Unsealed.objects.create(lea_code=row.lea_code, log=row.log, row_id=row.pk, at=row.at)


def log_reads(
    *,
    actor: Reader,
    student_ids: Iterable[int],
    what: str,
    filter_codes: str | None = None,
    view_codes: str = "",
    purpose_code: str = "",
    purpose_note: str = "",
) -> int:
    """Note in one row that ``actor`` saw these students; returns how many. Nobody seen, nothing noted.

    ``what`` is a short code of what was seen (``student.record``). A list says how it was cut in
    ``filter_codes`` (``list=annual-late``; empty text where it was not): codes, never words of a search. A page of one
    student says in ``view_codes`` how it was looked at (``on=2025-10-01``). How many students the person looks at is
    counted, too (``auditing.viewing``).
    """
    seen = list(dict.fromkeys(student_ids))
    if seen:
        is_list = filter_codes is not None or len(seen) > 1
        with transaction.atomic(savepoint=False):
            _append_read(
                actor=actor,
                kind=ReadKind.LIST if is_list else ReadKind.PAGE,
                what=what,
                student_ids=seen,
                filter_codes=filter_codes or view_codes,
                purpose_code=purpose_code,
                purpose_note=purpose_note,
            )
            _watch(actor, len(seen))
    return len(seen)


def log_export(
    *,
    actor: Reader,
    what: str,
    student_ids: Iterable[int],
    content_class: ContentClass,
    size_bytes: int | None = None,
    filter_codes: str = "",
    purpose_code: str = "",
    purpose_note: str = "",
    is_print: bool = False,
) -> ReadEvent:
    """Note that data left as a file, or on paper with ``is_print``: whose, how much of them, how large.

    Unlike a page it is noted also where it is about nobody: an empty file was given out all the same.
    """
    return _append_read(
        actor=actor,
        kind=ReadKind.PRINT if is_print else ReadKind.EXPORT,
        what=what,
        student_ids=list(dict.fromkeys(student_ids)),
        filter_codes=filter_codes,
        purpose_code=purpose_code,
        purpose_note=purpose_note,
        content_class=content_class,
        size_bytes=size_bytes,
    )


def _append_read(*, actor: Reader, student_ids: list[int], **values: Any) -> ReadEvent:
    event = ReadEvent(
        at=clock.now(),
        lea_code=actor.agency_code,
        request_id=current_request_id(),
        actor_user_id=_reader_id(actor),
        viewed_as_user_id=_viewed_as(actor),
        grant_id=actor.grant_id,
        perspective=actor.perspective_key,
        student_ids=student_ids,
        student_count=len(student_ids),
        **values,
    )
    append(event)
    if deeds.isEnabledFor(logging.INFO):
        transaction.on_commit(lambda: _tell_read(event))
    return event


def _tell_read(event: ReadEvent) -> None:
    named = event.student_ids[:MOST_TOLD]
    more = event.student_count - len(named)
    deeds.info(
        "%s %s by %s as %s at %s, students %s%s, read %s",
        event.kind,
        event.what,
        event.actor_user_id,
        event.perspective,
        event.lea_code or "-",
        " ".join(map(str, named)) or "-",
        f" and {more} more" if more else "",
        event.pk,
    )


def _watch(actor: Reader, shown: int) -> None:
    block = count_viewing(
        user_id=_reader_id(actor),
        agency_code=actor.agency_code,
        perspective_key=actor.perspective_key,
        shown=shown,
    )
    if block is not None:
        detail = {"user": block.user_id, "reason": block.reason, "students": block.student_count}
        log_change(actor=None, action="block_viewing", subject=block, detail=detail)


def log_change(
    *,
    actor: Reader | None,
    action: str,
    student_id: int | None = None,
    subject: models.Model | None = None,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    lea_code: str = "",
) -> ChangeEvent:
    """Note one act. ``actor`` ``None`` is the system; ``subject`` is the saved row that it is about.

    ``action`` is a verb (``finalize``), ``reason`` words the person gave for it, ``detail`` ids and field
    numbers (``{"fields": ["23.15"]}``): never a value of a student. ``lea_code`` is for acts of the system, the
    agency concerned; an actor's is that of the grant.
    """
    event = ChangeEvent(
        at=clock.now(),
        lea_code=lea_code if actor is None else actor.agency_code,
        request_id=current_request_id(),
        actor_user_id=None if actor is None else _reader_id(actor),
        viewed_as_user_id=None if actor is None else _viewed_as(actor),
        actor_label=SYSTEM_LABEL if actor is None else actor.perspective_key,
        action=action,
        student_id=student_id,
        subject_type="" if subject is None else subject._meta.label_lower,
        subject_id=None if subject is None else subject.pk,
        reason=reason[:300],
        detail=dict(detail or {}),
    )
    append(event)
    if deeds.isEnabledFor(logging.INFO):
        # Once it is certain that it was done. Keys and codes: no reason and no detail, which are words.
        transaction.on_commit(lambda: _tell(event))
    return event


def _tell(event: ChangeEvent) -> None:
    deeds.info(
        "%s %s %s by %s as %s at %s, student %s, change %s",
        event.action,
        event.subject_type or "-",
        event.subject_id or "-",
        event.actor_user_id or "-",
        event.actor_label,
        event.lea_code or "-",
        event.student_id or "-",
        event.pk,
    )


def _viewed_as(actor: Reader) -> int | None:
    return getattr(actor, "viewed_as_user_id", None)


def _reader_id(actor: Reader) -> int:
    return getattr(actor, "reader_id", actor.user_id)
