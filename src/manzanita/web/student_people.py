"""The people around a student: who decides and who gets the notices on a day, who may be reached how, what comes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.clocks.ages import majority_on, majority_told_on
from manzanita.domain.contacts import PROTECTIONS
from manzanita.domain.findings import Reason
from manzanita.domain.rights import (
    Holder,
    Rights,
    Standing,
    days_of_change,
)
from manzanita.domain.rights_kinds import EVIDENCE, KINDS, Tier
from manzanita.students.models import Contact, RightsHolder
from manzanita.students.people import contact_cards, versions_of
from manzanita.students.people_actions import NotRecorded, reveal_contact
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.read_purpose import ask_purpose, purpose_for
from manzanita.web.student_file import StudentFile, load_student
from manzanita.web.student_page import frame_of

VERSIONS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class RightsRow:
    """One person in the table of who decides. ``days`` and ``paper`` are of the record that counts that day."""

    name: str
    relation: str
    decides: bool
    hears: bool
    is_kept: bool
    because: Reason
    limitation: str
    days: str
    paper: str
    needs_paper: bool
    contact_no: int


@dataclass(frozen=True, slots=True)
class Coming:
    """A day to come on which something about the rights changes, in words."""

    on: date
    text: str
    is_majority: bool


@require_safe
@requires(Capability.READ_STUDENT)
def people(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page, for today or for the day asked as ``on``. Reading it is logged; addresses that are confidential are
    not part of it."""
    file = load_student(request.actor, public_id)
    purpose = purpose_for(request.actor, file.student)
    if purpose is None:
        return ask_purpose(request, file.student)
    log_reads(actor=request.actor, student_ids=[file.student.pk], what="student.people", purpose_code=purpose)
    return render(request, "web/students/tab_people.html", _context(request, file))


@require_POST
@requires(Capability.READ_STUDENT)
def reveal(request: HttpRequest, public_id: uuid.UUID, contact_no: int) -> HttpResponse:
    """The page once more, with one confidential address, which is logged as a read of its own."""
    file = load_student(request.actor, public_id)
    if file.student.seen_through is not None:
        raise Http404("nothing confidential is shown to a former LEA")
    log_reads(actor=request.actor, student_ids=[file.student.pk], what="student.people")
    refusals: tuple[Reason, ...] = ()
    try:
        reveal_contact(actor=request.actor, student=file.student, contact_no=contact_no)
    except NotRecorded as refused:
        refusals, contact_no = refused.reasons, 0
    context = _context(request, file, revealed_no=contact_no) | {"refusals": refusals}
    response = render(request, "web/students/tab_people.html", context, status=403 if refusals else 200)
    response["Cache-Control"] = "no-store"
    return response


def _context(request: HttpRequest, file: StudentFile, *, revealed_no: int = 0) -> dict[str, Any]:
    day = day_of(request.GET.get("on", "")) or file.today
    through = file.student.seen_through
    if through is not None:
        day = min(day, through)
    rights = file.facts.rights_on(day)
    versions = versions_of(file.student, limit=VERSIONS_SHOWN)
    names = user_names({row.by_id for row in (*versions.contacts, *versions.rights) if row.by_id})
    told = [
        *(_contact_version(row, names) for row in versions.contacts),
        *(_rights_version(file, row, names) for row in versions.rights),
    ]
    may_edit = file.actor.may(Capability.EDIT_CONTACTS) and not file.actor.is_read_only and through is None
    return {
        **frame_of(request, file, "people"),
        "day": day,
        "is_today": day == file.today,
        "rights": rights,
        "rights_rows": list(_rows(file, rights)),
        "coming": list(_coming(file, day)),
        "cards": contact_cards(file.actor, file.student, day, revealed_no=revealed_no),
        "protections": PROTECTIONS,
        "may_edit": may_edit,
        "versions": sorted(told, key=lambda version: version["recorded_at"], reverse=True),
        "refusals": (),
        "not_read": mistyped(request.GET, {"on": "As of"}).reasons,
    }


def _rows(file: StudentFile, rights: Rights) -> Iterator[RightsRow]:
    """Each person of the answer once: who decides, who only hears, who does neither."""
    deciding = {holder.contact_no for holder in rights.decides}
    hearing = {holder.contact_no for holder in rights.notices}
    shown: set[int] = set()
    for holder in (*rights.decides, *rights.notices, *rights.others):
        if holder.contact_no in shown:
            continue
        shown.add(holder.contact_no)
        record = _record_of(file, holder, rights.day)
        known = file.facts.person(holder.contact_no)
        yield RightsRow(
            name=holder.name,
            relation="the student" if holder.is_student else (known.relation if known else ""),
            decides=holder.contact_no in deciding,
            hears=holder.contact_no in hearing,
            is_kept=holder.kind in KINDS and KINDS[holder.kind].tier is Tier.KEPT,
            because=holder.because,
            limitation=holder.limitation,
            days=_days(record) if record else _since_majority(file),
            paper=_paper(record) if record else "",
            needs_paper=holder.kind in KINDS and bool(KINDS[holder.kind].evidence),
            contact_no=holder.contact_no,
        )


def _since_majority(file: StudentFile) -> str:
    """The student has no record: the birthday is one."""
    born = file.student.birth_on
    return f"from {us_date(majority_on(born))}" if born else ""


def _record_of(file: StudentFile, holder: Holder, day: date) -> RightsHolder | None:
    own = (row for row in file.facts.rights if row.contact_no == holder.contact_no)
    return next(
        (
            row
            for row in own
            if row.effective_from <= day and (row.effective_to is None or day <= row.effective_to)
        ),
        None,
    )


def _days(row: RightsHolder | Contact) -> str:
    last = f" to {us_date(row.effective_to)}" if row.effective_to else ""
    return f"from {us_date(row.effective_from)}{last}"


def _paper(row: RightsHolder) -> str:
    label = EVIDENCE[row.evidence_code].label if row.evidence_code in EVIDENCE else ""
    dated = f"of {us_date(row.evidence_on)}" if row.evidence_on else ""
    return " ".join(part for part in (label, row.evidence_reference, dated) if part)


def _coming(file: StudentFile, day: date) -> Iterator[Coming]:
    born, standings = file.student.birth_on, file.facts.standings
    majority = majority_on(born) if born else None
    for change in days_of_change(born, standings):
        if change <= day:
            continue
        rights = file.facts.rights_on(change)
        who = ", ".join(holder.name for holder in rights.decides) or "nobody, as it is recorded"
        if change == majority:
            told = us_date(majority_told_on(born)) if born else ""
            text = (
                f"18th birthday. From that day decides: {who}. Student and parents are told of it by {told}."
            )
            yield Coming(change, text, True)
        else:
            yield Coming(change, f"{_what_changes(standings, change)} From that day decides: {who}.", False)


def _what_changes(standings: list[Standing], change: date) -> str:
    words = []
    for one in standings:
        label = KINDS[one.kind].label.lower() if one.kind in KINDS else "kind not known"
        if one.starts_on == change:
            words.append(f"{one.name} begins ({label}).")
        elif one.ends_on is not None and (change - one.ends_on).days == 1:
            words.append(f"{one.name} has ended ({label}).")
    return " ".join(words)


def _contact_version(row: Contact, names: dict[int, str]) -> dict[str, Any]:
    return {
        "what": "Contact",
        "name": row.name,
        "words": ", ".join(part for part in (row.relation, row.language) if part),
        "days": _days(row),
        "recorded_at": row.recorded_at,
        "by": names.get(row.by_id or 0, "System"),
        "superseded_at": row.superseded_at,
    }


def _rights_version(file: StudentFile, row: RightsHolder, names: dict[int, str]) -> dict[str, Any]:
    known = file.facts.person(row.contact_no)
    kind = KINDS[row.kind_code].label if row.kind_code in KINDS else row.kind_code
    return {
        "what": "Right",
        "name": known.name if known else f"Person {row.contact_no}",
        "words": "; ".join(part for part in (kind, "alone" if row.is_sole else "", _paper(row)) if part),
        "days": _days(row),
        "recorded_at": row.recorded_at,
        "by": names.get(row.by_id or 0, "System"),
        "superseded_at": row.superseded_at,
    }


urlpatterns = [
    path("students/<uuid:public_id>/people", people, name="people"),
    path("students/<uuid:public_id>/people/<int:contact_no>/reveal", reveal, name="contact_reveal"),
]
