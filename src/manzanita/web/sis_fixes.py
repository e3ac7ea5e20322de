"""What is to be corrected in the SIS, and whom a line that was set aside means."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.fields import short_name
from manzanita.domain.findings import Owner
from manzanita.domain.same_person import RULE
from manzanita.domain.sis_work import IDS
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.procedures.sis_again import Again, load_again, to_load_again
from manzanita.procedures.sis_work import (
    Work,
    numbers_of,
    settled_by,
    sis_work,
    sis_work_count,
    undecided_count,
)
from manzanita.students.identity_actions import decide_conflict
from manzanita.students.models import IdentityConflict, Student
from manzanita.students.scope import visible_to
from manzanita.ui.formats import us_date, us_dates
from manzanita.web.access import requires
from manzanita.web.home_needs import Group, Need, age
from manzanita.web.state_lines import meaning

LONGEST_REASON = 300
SEVERITIES = {"fatal": ("fatal", "Fatal"), "warning": ("warn", "Warning")}
SAID = {"same": "The same student", "other": "Another student"}


@require_safe
@requires(Capability.IMPORT_FILES)
def sis_fixes(request: HttpRequest) -> HttpResponse:
    """Lines that were set aside, lines that were refused, and findings that the SIS mends, by local ID."""
    actor = request.actor
    found = sis_work(actor)
    rows = [_work_row(one) for one in found.work]
    log_reads(actor=actor, student_ids=found.student_ids, what="sis.fixes", filter_codes="owner=sis")
    reached = settled_by(actor, found.conflicts)
    again = to_load_again(actor, found.conflicts)
    conflicts = [_conflict_row(actor, one, reached, again) for one in found.conflicts]
    context = {
        "conflicts": conflicts,
        "again": again,
        "rows": rows,
        "is_more": found.is_more,
        "message": _message(actor, conflicts, rows),
        "newest": found.newest,
    }
    return render(request, "web/imports/fixes.html", context)


def _conflict_row(
    actor: Actor, one: IdentityConflict, reached: set[int], again: Again | None
) -> dict[str, Any]:
    may_settle = one.student_id in reached
    if one.decision == "same":
        is_here = again is not None and one in again.let_in
        way = "“Import again” above" if is_here else "the next import of a file that has it"
        todo, owner = f"It is loaded with {way}.", Owner.SIS
    elif one.decision == "other":
        todo, owner = "Correct the number in the SIS, export again, and import the new file.", Owner.SIS
    else:
        number = "SSID" if one.is_by_ssid else "local ID"
        todo = f"Is the {number} right? If not, correct it in the SIS. If so, it is the SEDS coordinator's to settle."
        owner = Owner.SIS
    return {
        "one": one,
        "days": _days(one.found_at),
        "said": SAID.get(one.decision, ""),
        "todo": todo,
        "owner": owner,
        "url": reverse("identity_conflict", args=[one.public_id]) if may_settle else "",
        "why_not": "The number is that of a student of another district: its SEDS coordinator knows whose it is."
        if actor.may(Capability.ENTER_STUDENT) and not may_settle
        else "",
    }


def _days(since: Any) -> int:
    return (clock.today() - timezone.localtime(since).date()).days


def _work_row(one: Work) -> dict[str, Any]:
    kind, word = SEVERITIES.get(one.severity, ("warn", "Look at it"))
    return {
        "one": one,
        "says": us_dates(one.says),
        "of_rule": us_dates(one.of_rule),
        "kind": kind,
        "word": word,
        "days": _days(one.since),
        "fields": [
            (number, short_name(number), (meaning(number, value) or "blank") if value is not None else "")
            for number, value in one.values.items()
            # Local ID and SSID stand at the head of the row; a line that was refused says its values itself.
            if number not in IDS and (value is not None or not one.student_id)
        ],
    }


def _message(actor: Actor, conflicts: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> str:
    """All that the page lists as a message, ready to copy; blank where nothing is to be corrected."""
    lines = [
        _line(
            row["one"],
            f"{row['one'].record} line {row['one'].line} names one student by number and another by name or birth date "
            f"({row['one'].words})",
            row["todo"],
            code=RULE,
        )
        for row in conflicts
    ]
    for row in rows:
        told = "; ".join(
            f"{number} {label}: {value}"
            for number, label, value in row["fields"]
            if value and value not in row["says"]
        )
        lines.append(_line(row["one"], row["says"], told, row["one"].fix, code=row["one"].code))
    if not lines:
        return ""
    lea = agency_names([actor.agency_code]).get(actor.agency_code, actor.agency_code)
    head = f"To correct in the SIS, {lea}, {us_date(clock.today())}"
    foot = "Please answer under these IDs; a student's name does not belong in mail."
    return "\n".join([head, "", *lines, "", foot])


def _line(one: Work | IdentityConflict, *parts: str, code: str) -> str:
    """One line of the message: whom it is about, sentences, and the rule."""
    said = [part if part.endswith((".", "?", "!", ":")) else f"{part}." for part in parts if part]
    return f"- {_who(one.local_id, one.ssid)}: {' '.join([*said, code])}".rstrip()


def _who(local_id: str, ssid: str) -> str:
    if local_id:
        return f"Local ID {local_id}"
    return f"SSID {ssid}" if ssid else "File"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ENTER_STUDENT)
def identity_conflict(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The student whom the number names beside what the line says; a POST says whether they are one."""
    actor = request.actor
    one = IdentityConflict.objects.filter(lea_code=actor.agency_code, public_id=public_id).first()
    student = visible_to(actor).filter(pk=one.student_id).first() if one is not None else None
    if one is None or student is None:
        raise Http404("no such line in this scope")
    reason = " ".join(request.POST.get("reason", "").replace("\0", "").split())[:LONGEST_REASON]
    decision = request.POST.get("do", "")
    error = ""
    if one.ended_at is not None:
        messages.info(
            request, "The SIS does not say this any more: there is nothing left to say of that line."
        )
        return redirect("sis_fixes")
    if request.method == "POST" and decision in ("same", "other", "again"):
        if reason or decision == "again":
            return _decide(request, one, "" if decision == "again" else decision, reason)
        error = "Not recorded: how you know is empty. One line is enough, such as “court order seen”. (You)"
    log_reads(actor=actor, student_ids=[student.pk], what="sis.identity")
    context = {
        "one": one,
        "student": student,
        "rows": _side_by_side(one, student),
        "may_open": actor.may(Capability.READ_STUDENT),
        "said": SAID.get(one.decision, ""),
        "by": _decided_by(one),
        "reason": reason,
        "error": error,
        "longest": LONGEST_REASON,
    }
    return render(request, "web/imports/identity.html", context, status=422 if error else 200)


def _decided_by(one: IdentityConflict) -> str:
    return user_names({one.decided_by_id}).get(one.decided_by_id, "") if one.decided_by_id else ""


def _side_by_side(one: IdentityConflict, student: Student) -> list[tuple[str, str, str, bool]]:
    def day(value: Any) -> str:
        return us_date(value) if value else "blank"

    local_id, ssid = numbers_of(one.lea_code, {student.pk})[student.pk]
    return [
        ("First name", student.first_name or "blank", one.first_name or "blank", "first_name" in one.parts),
        ("Last name", student.last_name or "blank", one.last_name or "blank", "last_name" in one.parts),
        ("Born on", day(student.birth_on), day(one.birth_on), "birth_on" in one.parts),
        ("Local ID", local_id or "none", one.local_id or "none", "local_id" in one.parts),
        ("SSID", ssid or "none", one.ssid or "none", bool(one.ssid and ssid and one.ssid != ssid)),
    ]


def _decide(request: HttpRequest, one: IdentityConflict, decision: str, reason: str) -> HttpResponse:
    if not decide_conflict(actor=request.actor, conflict=one, decision=decision, reason=reason):
        messages.info(request, _said_already(one))
    elif decision == "same":
        messages.success(
            request, "Remembered: the same student. The line is not loaded yet; its row says when it will be."
        )
    elif decision == "other":
        messages.success(
            request, "Remembered: another student. The line stays out until the SIS is corrected."
        )
    else:
        messages.success(request, "Taken back: the line is to be looked at again.")
    return redirect("sis_fixes")


def _said_already(one: IdentityConflict) -> str:
    one.refresh_from_db()
    if not one.decision:
        return "It had been taken back already; nothing was changed."
    return (
        f"Nothing was changed: {_decided_by(one)} has said “{SAID[one.decision].lower()}” already. Take that back "
        "first if it is wrong."
    )


@require_POST
@requires(Capability.IMPORT_FILES)
def sis_again(request: HttpRequest) -> HttpResponse:
    """Take the newest files in again, for the lines that were let in since."""
    started = load_again(request.actor)
    if started is not None:
        return redirect("import_run", started.run.public_id)
    messages.info(
        request,
        "Nothing was started: no line of the newest import waits to be let in, or its files are not kept any more. "
        "Import the newest file from the SIS; SIS staff have it.",
    )
    return redirect("sis_fixes")


def sis_needs(actor: Actor) -> list[Group]:
    """The line of home: for who reads no student all that the SIS has to mend, else what waits for a decision."""
    if not actor.may(Capability.IMPORT_FILES):
        return []
    if actor.may(Capability.READ_STUDENT):
        count, oldest = undecided_count(actor)
        label, owner, step = "Lines of the SIS that are set aside", "You", "Say whom they mean"
        nothing, kind = "", "fatal"
    else:
        count, oldest, heaviest = sis_work_count(actor)
        kind = "fatal" if heaviest == "fatal" else "warn"
        label, owner, step = "To correct in the SIS", "You", "Show what"
        nothing = "Nothing is to be corrected in the SIS."
    needs = []
    if count and oldest is not None:
        days = _days(oldest)
        needs = [
            Need(
                kind=kind,
                label=label,
                count=count,
                url=reverse("sis_fixes"),
                oldest=age(days),
                owner=owner,
                step=step,
                days=days,
            )
        ]
    return [Group("In the SIS", needs, nothing)] if needs or nothing else []


urlpatterns = [
    path("imports/fixes", sis_fixes, name="sis_fixes"),
    path("imports/fixes/again", sis_again, name="sis_again"),
    path("imports/fixes/<uuid:public_id>", identity_conflict, name="identity_conflict"),
]
