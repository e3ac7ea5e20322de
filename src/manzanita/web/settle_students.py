"""Students to settle: whose record waits for somebody, by kind and owner, the oldest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.narrowing import PARTS
from manzanita.domain.statuses import KINDS, SETTLED_IN_ORDER, Kind
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.coming import coming_to
from manzanita.procedures.left_out import why_not_of
from manzanita.procedures.settling import ToSettle, records_to_settle
from manzanita.procedures.standing import MOST
from manzanita.students.listing import few_keys
from manzanita.students.models import Student
from manzanita.students.scope import visible_to
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.found import Found, found_in
from manzanita.web.home_needs import Need, age
from manzanita.web.left_out import left_out
from manzanita.web.pasted_words import pasted_words
from manzanita.web.state_lines import student_names
from manzanita.web.student_rows import districts_of
from manzanita.web.students_words import grade_text

PAGE_SIZE = 50
# What of a found set this list is cut by, beside its kinds.
CUT = ("search", "set", *(part.key for part in PARTS))
# Two kinds in one list: whoever came, and whom nobody has taken up yet.
ARRIVALS = "arrivals"
_TOGETHER: dict[str, tuple[Kind, ...]] = {ARRIVALS: (Kind.ARRIVING, Kind.RETURNING)}
# Where each kind is settled: the name of the page, what its link says and which change it is, for who may record.
PLACES: dict[Kind, tuple[str, ...]] = {
    Kind.LEAVING: ("leaving", "Record or answer"),
    Kind.STARTING: ("change", "Start the services", "services_start"),
    Kind.ARRIVING: ("changes", "Adopt, or say otherwise"),
    Kind.RETURNING: ("changes", "Adopt, or say otherwise"),
    Kind.HELD: ("leaving", "Say what became of it"),
    Kind.EXPECTED: ("expected", "See the plan"),
    Kind.REFERRAL: ("referral", "Plan given, withdrawn or declined"),
}


@require_safe
@requires(Capability.READ_STUDENT)
def students_to_settle(request: HttpRequest) -> HttpResponse:
    """One page of the list, cut to one ``kind`` (or ``arrivals``) or one ``owner``, and to the students of a found
    set (``web.found``)."""
    actor = request.actor
    kind, owner = request.GET.get("kind", ""), request.GET.get("owner", "")
    if kind not in ("", *SETTLED_IN_ORDER, *_TOGETHER):
        raise Http404("no such kind")
    meant = _TOGETHER.get(kind) or ((Kind(kind),) if kind else SETTLED_IN_ORDER)
    number = _page_number(request)
    asked = found_in(request, {name: request.GET.get(name, "") for name in CUT}, list_key="all")
    everything = _to_settle(actor, asked)
    found = [one for one in everything if one.item.kind in meant and owner in ("", one.item.owner)]
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    keep = {name: value for name, value in (("kind", kind), ("owner", owner)) if value} | asked.cut
    if number > 1 and not shown:
        # The list has become shorter since its page was linked.
        return redirect(f"{reverse('students_to_settle')}?{urlencode(keep)}")
    log_reads(
        actor=actor,
        student_ids=[one.student_id for one in shown],
        what="settle.students",
        filter_codes=" ".join(f"{name}={value}" for name, value in keep.items() if name != "search")
        + (" search" if asked.text else ""),
    )
    counts = Counter(one.item.kind for one in everything)
    coming = _coming(actor) if kind == Kind.EXPECTED and not _is_cut(asked) else []
    is_more = len(found) > number * PAGE_SIZE
    context = {
        "rows": _rows(actor, shown),
        "coming": coming,
        "found": asked if _is_cut(asked) else None,
        "pasted_list": pasted_words(asked),
        "not_shown": left_out(
            asked, [one.student_id for one in found], why_not_of("settle"), "settle.students"
        ),
        "kinds": [("All", _url(**{**keep, "kind": ""}), kind == "")]
        + [
            (f"{KINDS[one].label} {counts[one]}", _url(**{**keep, "kind": one}), kind == one)
            for one in SETTLED_IN_ORDER
        ]
        + ([(f"Arrivals {len(found)}", _url(**keep), True)] if kind in _TOGETHER else []),
        "owners": sorted({one.item.owner.value for one in everything}),
        "kind": KINDS[meant[0]] if len(meant) == 1 else None,
        "asked_kind": kind,
        "owner": owner,
        "count": f"more than {MOST:,}" if len(found) > MOST else plural(len(found), "student"),
        "is_narrowed": bool(kind or owner),
        "keep": keep,
        "clear_url": _url(**asked.cut),
        "first_url": _url(**keep) if number > 1 else None,
        "next_url": _url(**keep, page=str(number + 1)) if is_more else None,
    }
    return render(request, "web/students/to_settle.html", context)


def _is_cut(asked: Found) -> bool:
    return bool(asked.is_asked or asked.refusals)


def _to_settle(actor: Actor, asked: Found) -> list[ToSettle]:
    """Of a found set those of its students within reach, in every view; of one that cannot be read whole nobody's."""
    if asked.refusals:
        return []
    if not asked.is_asked:
        return records_to_settle(actor)
    among = asked.narrowed(asked.searched(visible_to(actor))).order_by()
    if (keys := few_keys(among)) is not None:
        return records_to_settle(actor, keys, only_own=False)
    found = records_to_settle(actor)
    few = set(among.filter(pk__in={one.student_id for one in found}).values_list("pk", flat=True))
    return [one for one in found if one.student_id in few]


def _coming(actor: Actor) -> list[dict[str, Any]]:
    """Who is to come beside those whom last school year planned, each with its source and where that stands."""
    found = coming_to(actor)
    log_reads(
        actor=actor,
        student_ids=[one.student.pk for one in found if one.student],
        what="settle.students",
        filter_codes="coming",
    )
    schools = school_names({one.school_code for one in found if one.school_code})
    return [
        {
            "name": one.called,
            "url": reverse("student_transfer", args=[one.transfer.public_id])
            if one.transfer is not None
            else reverse("student", args=[one.student.public_id]),
            "source": one.source,
            "on": one.on,
            "school": schools.get(one.school_code, one.school_code),
        }
        for one in found
    ]


def _url(**given: str) -> str:
    asked = urlencode({name: value for name, value in given.items() if value})
    return reverse("students_to_settle") + (f"?{asked}" if asked else "")


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 4 and int(text) >= 1):
        raise Http404("no such page")
    return int(text)


def _rows(actor: Actor, shown: Sequence[ToSettle]) -> list[dict[str, Any]]:
    today = clock.today()
    people = student_names(actor, [one.student_id for one in shown])
    schools = school_names({row.enrollment.school_code for row in people.values() if row.enrollment})
    districts = districts_of(actor, [one.lea_code for one in shown])
    rows = []
    for one in shown:
        row = people.get(one.student_id)
        if row is None:
            continue
        record, student, enrollment = KINDS[one.item.kind], row.student, row.enrollment
        url, label = _place(actor, one, student.public_id)
        rows.append(
            {
                "name": f"{student.last_name}, {student.first_name}",
                "student_url": reverse("student", args=[student.public_id]),
                "record": record,
                "owner": one.item.owner,
                "text": one.item.text or record.sentence,
                "since": one.item.since,
                "age": age(one.days(today)),
                "grade": grade_text(enrollment.grade_code) if enrollment else "",
                "school": schools.get(enrollment.school_code, "") if enrollment else "",
                "district": districts.get(one.lea_code, ""),
                "url": url,
                "label": label,
            }
        )
    return rows


def _place(actor: Actor, one: ToSettle, public_id: object) -> tuple[str, str]:
    """Where it is settled: where its app says, at the open meeting, or on a page of the student."""
    if one.item.url:
        return one.item.url, "Settle it"
    if one.meeting is not None:
        return reverse("meeting", args=[one.meeting.public_id]), "Go to the meeting"
    name, label, *key = PLACES.get(one.item.kind, ("student", "Show the record"))
    needed = Capability.HOLD_MEETING if one.item.kind is Kind.REFERRAL else Capability.CORRECT_RECORD
    if not actor.may(needed):
        name, label, key = "student", "Show the record", []
    return reverse(name, args=[public_id, *key]), label


def next_to_settle(actor: Actor, kind: Kind, settled: Student) -> tuple[str, str] | None:
    """Address and name of the one of this kind that waits longest, for whoever has just ``settled`` one. The reading is
    logged, as it is named."""
    for one in records_to_settle(actor):
        if one.item.kind is not kind or one.student_id == settled.pk:
            continue
        if (row := student_names(actor, [one.student_id]).get(one.student_id)) is not None:
            log_reads(actor=actor, student_ids=[one.student_id], what="settle.students")
            url, _ = _place(actor, one, row.student.public_id)
            return url, f"{row.student.last_name}, {row.student.first_name}"
    return None


def needs_of(actor: Actor) -> list[Need]:
    """The lines of home: each kind with its count, the age of the oldest, and whose job it is. A kind of which every
    one is an arrival or a transfer has no line of its own for who sees those."""
    today = clock.today()
    found = records_to_settle(actor)
    sees_others = actor.may(Capability.ENTER_STUDENT) and actor.may(Capability.TRANSFER_STUDENT)
    needs = []
    for kind in SETTLED_IN_ORDER:
        of_kind = [one for one in found if one.item.kind == kind]
        if of_kind and not (sees_others and all(one.item.url for one in of_kind)):
            needs.append(
                Need(
                    kind="warn",
                    label=f"To settle: {KINDS[kind].label.lower()}",
                    count=len(of_kind),
                    url=_url(kind=kind),
                    oldest=age(of_kind[0].days(today)),
                    detail=KINDS[kind].sentence,
                    owner=str(KINDS[kind].owner),
                    step="Settle them"
                    if actor.may(Capability.CORRECT_RECORD) or actor.may(Capability.HOLD_MEETING)
                    else "Look at them",
                    days=of_kind[0].days(today),
                )
            )
    return needs


urlpatterns = [path("students/settle", students_to_settle, name="students_to_settle")]
