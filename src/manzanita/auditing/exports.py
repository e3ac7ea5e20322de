"""Every write on exports of lists: asked, approved, refused, made, given out, over.

Who may decide, and what an export weighs, is asked above this app; here an export only moves from state to state, by
conditional updates, so that doing it twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction

from manzanita.auditing.actions import Reader, log_change, log_export
from manzanita.auditing.kinds import ContentClass
from manzanita.auditing.models import ExportedStudent, ExportState, ListExport
from manzanita.auditing.viewing import watched
from manzanita.domain.export_limits import APPROVAL_LASTS, Verdict
from manzanita.domain.findings import Reason
from manzanita.platform import clock
from manzanita.platform.files import StoredFile, remove_stored_file, store_file
from manzanita.platform.jobs import enqueue_job

MAKE_JOB = "web.make-export"
TIDY_JOB = "auditing.tidy-export"
LONGEST_WORD = 300
# Form of a portable student file, which is no list.
PORTABLE = "json"


class Asker(Reader, Protocol):
    """Who asks for an export, and in which view; ``domain.access.Actor`` has it."""

    @property
    def view(self) -> str: ...

    @property
    def at_place(self) -> str: ...

    @property
    def place_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. ``title`` and ``scope_line`` are the words of the list's page, without student data."""

    list_key: str
    title: str
    scope_line: str
    form: str
    ask_key: str
    why: str = ""


class MoreNeeded(Exception):
    """Nothing was asked for yet: the verdict needs a fresh sign-in, or the words of a why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


@transaction.atomic
def ask_export(
    *,
    actor: Asker,
    asked: Asked,
    student_ids: Sequence[int],
    weigh: Callable[[], Verdict],
    is_fresh: bool,
) -> ListExport:
    """Ask for a list as a file: it is made at once, or waits for a second person. Asked twice, it is one export.

    ``weigh`` is called while nobody else can ask for the same person, so that two exports at once cannot pass a
    limit together. Raises ``MoreNeeded``.
    """
    watched(actor.user_id)
    known = ListExport.objects.filter(by_id=actor.user_id, ask_key=asked.ask_key).first()
    if known is not None:
        return known
    verdict = weigh()
    why = asked.why.strip()[:LONGEST_WORD]
    if (verdict.needs_fresh_sign_in and not is_fresh) or (verdict.needs_approval and not why):
        raise MoreNeeded(verdict)
    export = _create(actor, asked, student_ids, verdict)
    if verdict.needs_approval:
        enqueue_job(kind=TIDY_JOB, args={"export": export.pk}, by_id=actor.user_id)
    else:
        _start(export)
    return export


@transaction.atomic
def approve_export(*, export: ListExport, by: Reader, word: str) -> bool:
    """Let a waiting export be made; ``False`` where it waits no more. Raises ``ValueError`` for one's own."""
    return _decide(export, by, word, ExportState.MAKING)


@transaction.atomic
def refuse_export(*, export: ListExport, by: Reader, word: str) -> bool:
    """Refuse a waiting export, in words; ``False`` where it waits no more. Raises ``ValueError`` without words."""
    if not word.strip():
        raise ValueError("Say why it is refused: the person who asked reads it")
    return _decide(export, by, word, ExportState.REFUSED)


def _decide(export: ListExport, by: Reader, word: str, state: ExportState) -> bool:
    if by.user_id == export.by_id:
        raise ValueError("Nobody decides on their own export")
    word = word.strip()[:LONGEST_WORD]
    decided = ListExport.objects.filter(
        pk=export.pk, state=ExportState.WAITING, lapses_at__gt=clock.now()
    ).update(state=state, decided_by_id=by.user_id, decided_at=clock.now(), decision_word=word)
    if decided:
        export.refresh_from_db()
        verb = "approve_export" if state == ExportState.MAKING else "refuse_export"
        _note(by, verb, export, reason=word)
        if state == ExportState.MAKING:
            _start(export)
    return bool(decided)


@transaction.atomic
def finish_export(
    *,
    export: ListExport,
    actor: Reader,
    student_ids: Sequence[int],
    file: StoredFile,
    size_bytes: int,
    expires_at: datetime,
    content_class: ContentClass = ContentClass.ROSTER,
) -> bool:
    """The file is there: note who is in it, and let it be fetched until it expires. ``False`` where that was done."""
    done = ListExport.objects.filter(pk=export.pk, state=ExportState.MAKING).update(
        state=ExportState.READY,
        made_at=clock.now(),
        made_count=len(student_ids),
        size_bytes=size_bytes,
        sha256=file.sha256,
        expires_at=expires_at,
    )
    if done:
        export.refresh_from_db()
        log_export(
            actor=actor,
            what="student.export",
            student_ids=student_ids,
            content_class=content_class,
            size_bytes=size_bytes,
        )
        _note(actor, "make_export", export)
        enqueue_job(kind=TIDY_JOB, args={"export": export.pk}, by_id=export.by_id)
    return bool(done)


@transaction.atomic
def ask_made_export(
    *,
    actor: Asker,
    asked: Asked,
    student_ids: Sequence[int],
    weigh: Callable[[], Verdict],
    write: Callable[[], bytes],
    expires_at: datetime,
    content_class: ContentClass,
) -> ListExport:
    """Ask for a small file that ``write`` makes at once; it counts like a list. Asked twice, it is one export.

    Raises ``MoreNeeded`` where a second person would have to agree: for such a file there is no way to ask one.
    """
    watched(actor.user_id)
    known = ListExport.objects.filter(by_id=actor.user_id, ask_key=asked.ask_key).first()
    if known is not None:
        return known
    verdict = weigh()
    if verdict.needs_fresh_sign_in or verdict.needs_approval:
        raise MoreNeeded(verdict)
    export = _create(actor, asked, student_ids, verdict)
    content = write()
    finish_export(
        export=export,
        actor=actor,
        student_ids=student_ids,
        file=store_file([content], name=export.stored_name),
        size_bytes=len(content),
        expires_at=expires_at,
        content_class=content_class,
    )
    return export


@transaction.atomic
def withdraw_export(*, export: ListExport, reason: Reason) -> None:
    """It is not made, for a reason that its page shows; what an attempt has written goes."""
    told = {"text": reason.text, "owner": reason.owner.value, "way_out": reason.way_out}
    if ListExport.objects.filter(pk=export.pk, state=ExportState.MAKING).update(
        state=ExportState.WITHDRAWN, end_reason=told
    ):
        _note(None, "withdraw_export", export, reason=reason.code)
    remove_stored_file(export.stored_name)


@transaction.atomic
def restart_export(*, export: ListExport, by: Reader) -> None:
    """Set an export going again whose job gave up."""
    locked = ListExport.objects.select_for_update().get(pk=export.pk)
    if locked.state == ExportState.MAKING and locked.job_id == export.job_id:
        _start(locked)
        _note(by, "restart_export", locked)


def note_download(*, export: ListExport, by: Reader) -> None:
    """The file was given out once more."""
    _note(by, "download_export", export)


def tidy_export(export: ListExport) -> timedelta | None:
    """Let lapse what was not approved, remove a file whose week is over; how long to wait until that is due.

    ``None``: nothing more will be due by itself.
    """
    now = clock.now()
    due = {ExportState.WAITING: export.lapses_at, ExportState.READY: export.expires_at}.get(
        ExportState(export.state)
    )
    if due is None:
        return None
    if due > now:
        return due - now
    if export.state == ExportState.WAITING:
        _end(export, ExportState.LAPSED, "lapse_export")
    else:
        remove_stored_file(export.stored_name)
        _end(export, ExportState.PURGED, "purge_export")
    return None


@transaction.atomic
def _end(export: ListExport, state: ExportState, verb: str) -> None:
    if ListExport.objects.filter(pk=export.pk, state=export.state).update(state=state):
        _note(None, verb, export)


def taken_alone(user_id: int, **window: object) -> set[int]:
    """Database keys of the students whom the person took without a second person; ``window`` cuts the exports."""
    exports = ListExport.objects.filter(is_alone=True, by_id=user_id, **window).exclude(
        state=ExportState.WITHDRAWN
    )
    return set(
        ExportedStudent.objects.filter(export__in=exports.values("pk")).values_list("student_id", flat=True)
    )


def asked_students(export: ListExport) -> Iterable[int]:
    """The students on the list when it was asked for, as a subquery of database keys."""
    return ExportedStudent.objects.filter(export=export).values("student_id")


def _create(actor: Asker, asked: Asked, student_ids: Sequence[int], verdict: Verdict) -> ListExport:
    now = clock.now()
    export = ListExport.objects.create(
        by_id=actor.user_id,
        grant_id=actor.grant_id,
        perspective_key=actor.perspective_key,
        agency_code=actor.agency_code,
        view=actor.view,
        school_code=actor.at_place,
        school_name=actor.place_name,
        list_key=asked.list_key,
        title=asked.title,
        scope_line=asked.scope_line,
        form=asked.form,
        ask_key=asked.ask_key,
        asked_at=now,
        asked_on=clock.today(),
        asked_count=len(student_ids),
        why=asked.why.strip()[:LONGEST_WORD],
        is_alone=not verdict.needs_approval,
        approval_reasons=[reason.text for reason in verdict.approval],
        state=ExportState.WAITING if verdict.needs_approval else ExportState.MAKING,
        lapses_at=now + APPROVAL_LASTS if verdict.needs_approval else None,
    )
    ExportedStudent.objects.bulk_create(
        [ExportedStudent(export=export, student_id=pk) for pk in student_ids], batch_size=1000
    )
    _note(actor, "ask_export", export, reason=export.why)
    return export


def _start(export: ListExport) -> None:
    job = enqueue_job(kind=MAKE_JOB, args={"export": export.pk}, by_id=export.by_id)
    export.job_id = job.pk
    ListExport.objects.filter(pk=export.pk).update(job_id=job.pk)


def _note(actor: Reader | None, action: str, export: ListExport, *, reason: str = "") -> None:
    count = export.asked_count if export.made_count is None else export.made_count
    detail = {
        "list": export.list_key,
        "form": export.form,
        "content": "record" if export.form == PORTABLE else "roster",
        "students": count,
        "bytes": export.size_bytes,
    }
    log_change(actor=actor, action=action, subject=export, reason=reason, detail=detail)
