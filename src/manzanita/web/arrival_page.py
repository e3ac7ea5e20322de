"""What the page of one arrival shows: questions with their evidence, what follows, the clock, the records, the team."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from manzanita.accounts.queries import user_names
from manzanita.archive.models import Archive
from manzanita.arrivals.models import Arrival
from manzanita.arrivals.queries import next_arrival
from manzanita.auditing.actions import log_reads
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor, Capability
from manzanita.domain.arrival_plan import Answer, Way
from manzanita.domain.arrivals import (
    DECLINED_EVERY_PLAN,
    KIND_WORDS,
    PARTICIPATING,
    Evidence,
    Kind,
    transfer_clock,
    why_not_safe,
)
from manzanita.domain.clocks import due
from manzanita.domain.codes import code_set, unconfirmed_in
from manzanita.domain.findings import Reason
from manzanita.domain.statuses.steps import STEPS
from manzanita.domain.student_transfers import STATE_WORDS, State
from manzanita.exchange.models import Operation
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.platform.ids import new_public_id
from manzanita.procedures.assigning import candidates
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import preview_change
from manzanita.procedures.effects import held_without_ssid
from manzanita.procedures.paper_plan import CAUSE as PAPER
from manzanita.students.duplicates import newest_merge_into, open_pairs_of
from manzanita.students.finding import students_by_pk
from manzanita.students.former import facts_for
from manzanita.students.queries import StudentFacts
from manzanita.transfers.queries import open_transfer_to
from manzanita.web.arrival_looked import NOTHING_TAKEN_UP, Looked
from manzanita.web.arrival_words import (
    CALL_ROLES,
    KIND_MARKS,
    RECORDS_ROLES,
    age_words,
    contacts_by_code,
    former_words,
    role_words,
)
from manzanita.web.guest_requests import may_transfer
from manzanita.web.meanwhile import meanwhile_fix, stamp_of, status_of
from manzanita.web.reasons_told import told
from manzanita.web.state_lines import summary
from manzanita.web.step_links import address_of_step, step_fixes
from manzanita.web.student_changes import codes_of
from manzanita.web.student_timeline import trace_words

SETTLE_LABELS = {
    Way.INACTIVE: "Settle as arrived inactive",
    Way.NOTHING: "Settle: nothing to do",
    Way.GOES_ON: "Settle: our plan goes on",
}


# Why no date is set, by the clock.
_NO_DATE = {
    "": "No plan of another district goes on here, so no review is due after a transfer.",
    "transfer-same-selpa": "The plan goes on inside the SELPA; the dates of the next reviews stay as they are.",
    "transfer-out-of-state": "The plan is of another state: comparable services begin without delay, until an "
    "assessment, if one is needed, and a plan of this district.",
}
ANSWER_WORDS = {Answer.YES: "Yes", Answer.NO: "No", Answer.UNKNOWN: "Not known"}


def arrival_page(request: HttpRequest, looked: Looked, refusals: Sequence[Reason] = ()) -> HttpResponse:
    """The page as things stand; ``refusals`` with what was typed, where a deed was refused."""
    actor, one = request.actor, looked
    today = clock.today()
    former = one.evidence.former_lea
    names = agency_names({former} - {""})
    calls = contacts_by_code([former], CALL_ROLES).get(former, [])
    records = list(one.arrival.records_asked.order_by("-pk"))
    facts = facts_for(actor, one.student)
    manager_id = facts.case_manager_id
    kind = Kind(one.arrival.kind)
    context = {
        "arrival": one.arrival,
        "student": one.student,
        "evidence": one.evidence,
        "mark": KIND_MARKS[kind],
        "kind_words": "This was one of two records of the student, which were put together."
        if one.arrival.settled_how == "merged"
        else KIND_WORDS[kind][1]
        if one.evidence.is_known or one.evidence.near
        else "Nothing under this record says special education yet.",
        "age": age_words(one.arrival.enrolled_on, today),
        "answered": one.answered,
        "answers": [(key.value, words) for key, words in ANSWER_WORDS.items()],
        "plan": one.plan,
        "is_adopting": one.is_adopting,
        # Where the student takes part, or nothing is known, paper is the likeliest way on.
        "is_paper_first": one.evidence.status_code in ("", PARTICIPATING),
        "paper": _paper_words(one, any(row.cause == PAPER for row in facts.plans)),
        "settle_label": SETTLE_LABELS.get(one.plan.way),
        "looks": _looks(one, today),
        "near": _near(actor, one.student.pk, one.evidence),
        "former": former_words(former, names),
        "former_asked": names.get(former, former),
        "former_code": former if former in names else "",
        "calls": calls,
        "records": records,
        "records_contact": next(iter(contacts_by_code([former], RECORDS_ROLES).get(former, ())), None),
        "role_words": role_words,
        "clock": _clock(one),
        **_transfer(actor, one, facts),
        "manager_id": manager_id,
        "people": [(str(user.pk), user.name) for user in candidates(actor)["assignment"]]
        if actor.may(Capability.ASSIGN_STUDENTS)
        else [],
        "names": user_names(
            {
                manager_id,
                one.arrival.settled_by_id,
                one.arrival.answered_by_id,
                *(row.asked_by_id for row in records),
            }
            - {None}
        ),
        "refusals": told(refusals, _ways(one, refusals)),
        "typed": request.POST if refusals else {},
        "token": new_public_id(),
        "today": today,
        "record_seen": stamp_of(actor, one.student),
        **_lines(actor, one),
        **_settled(one.arrival),
        "next": _next(actor, one.arrival),
    }
    return render(request, "web/arrivals/arrival.html", context, status=status_of(refusals))


def _ways(looked: Looked, refusals: Sequence[Reason]) -> dict[str, tuple[str, str]]:
    """Where a deed that was refused is mended: the step that comes first, here or on the record."""
    here = "#ask-head", STEPS["answer"].label
    return {
        **step_fixes(refusals, looked.student),
        **dict.fromkeys(("answered-inactive", "way-changed"), here),
        "arrival-settled": (reverse("student", args=[looked.student.public_id]), "Show the record"),
        "plan-starts-that-day": (address_of_step("take_back", looked.student), "Show what is known"),
        **meanwhile_fix(looked.student),
    }


def _paper_words(looked: Looked, is_entered: bool) -> str:
    """What the way to the plan on paper is called; empty where a plan is known from elsewhere, where the family
    declined every plan, and where none is taken up here."""
    known = looked.evidence
    if looked.arrival.settled_at is not None or looked.plan.way in NOTHING_TAKEN_UP:
        return ""
    if known.status_reason_code == DECLINED_EVERY_PLAN:
        return ""
    if is_entered:
        return "Correct the plan that came on paper"
    is_unknown = known.plan_since is None and known.lapsed_on is None
    return "Enter the plan that came on paper" if is_unknown else ""


def _looks(looked: Looked, today: date) -> list[Reason]:
    """What keeps it from being adopted with others; not what the questions ask already."""
    if looked.arrival.settled_at is not None:
        return []
    asked = {"arrival-not-participating", "arrival-not-yet"}
    if looked.is_adopting:
        # It stands beside the lines that it holds.
        asked.add("arrival-no-ssid")
    if looked.plan.way in NOTHING_TAKEN_UP or not transfer_clock(looked.evidence):
        # Nothing is adopted, or nothing is known that could be, so that no plan is missed.
        asked |= {"arrival-no-plan", "arrival-no-services"}
    return [one for one in why_not_safe(looked.evidence, today) if one.code not in asked]


def _lines(actor: Actor, looked: Looked) -> dict[str, Any]:
    """What adopting would tell the state, line by line in its order, or what stands against it."""
    if looked.arrival.settled_at is not None or not looked.is_adopting:
        told: dict[str, Any] = {"drafts": [], "blockers": []}
        if looked.plan.way is Way.INACTIVE_TOLD:
            told |= {
                "statuses": [one for one in codes_of("SpecialEducationStatus") if one[0] != "1"],
                "status_reasons": codes_of("NonParticipationReason"),
                "reason_doubt": unconfirmed_in(code_set("NonParticipationReason")),
            }
        return told
    asked = Asked("adopt", looked.plan.on, plan_known_on=looked.plan_known_on)
    preview = preview_change(actor, looked.student, asked)
    return {
        "drafts": [
            (draft.record, _day_of(draft.record, draft.values), summary(draft.record, draft.values))
            for draft in preview.drafts
        ],
        "blockers": preview.blockers,
        "held": held_without_ssid(preview.drafts),
    }


def _day_of(record: str, values: Any) -> str:
    text = values[{"SWDS": "22.11", "PLAN": "23.12", "SERV": "25.17"}[record]]
    return f"{text[4:6]}/{text[6:]}/{text[:4]}"


def _transfer(actor: Actor, looked: Looked, facts: StudentFacts) -> dict[str, Any]:
    """The way to the transfer where another district of the installation has the student too: to ask for one, or the
    one that is asked for."""
    still = facts.still_at(clock.today(), looked.arrival.lea_code)
    if looked.arrival.settled_at is not None or not may_transfer(actor) or not agency_names({still} - {""}):
        return {"transfer_url": ""}
    found = open_transfer_to(actor, looked.student.pk)
    if found is not None:
        return {
            "transfer_url": reverse("student_transfer", args=[found.public_id]),
            "transfer_label": f"Transfer: {STATE_WORDS[State(found.state)].lower()}",
        }
    address = f"{reverse('student_transfer_new')}?student={looked.student.public_id}"
    return {"transfer_url": address, "transfer_label": "Ask for a transfer"}


def _near(actor: Actor, student_id: int, evidence: Evidence) -> list[dict[str, Any]]:
    """Who may be the same student, as far as within reach; of others only that there is somebody."""
    rows = students_by_pk(actor, evidence.near_ids)
    if rows:
        log_reads(actor=actor, student_ids=list(rows), what="arrivals.arrival")
    pairs = open_pairs_of(student_id) if rows else {}
    return [
        {
            "name": rows[pk].student.full_name if pk in rows else "",
            "url": reverse("student", args=[rows[pk].student.public_id])
            if pk in rows
            else reverse("student_new"),
            "pair_url": reverse("duplicate_settle", args=[pairs[pk]])
            if pk in pairs
            else reverse("duplicates"),
            "pair_label": "Compare and put together" if pk in pairs else "Possible duplicates",
        }
        for pk in evidence.near_ids
    ]


_OVER = "No IEP meeting after the transfer is due any more: one was held here, or the plan was made anew."


def _runs(arrival: Arrival) -> bool:
    """Whether the 30 days still run, as every list has it; an adoption alone does not end them."""
    rows = DueDate.objects.filter(student=arrival.student_id, lea_code=arrival.lea_code, clock="transfer-30")
    return rows.exists()


def _clock(looked: Looked) -> dict[str, Any]:
    """The clock of a transfer: 30 days from another SELPA; no date inside the SELPA, from another state, and where
    nothing is taken up here."""
    evidence = looked.evidence
    name = "" if looked.plan.way in NOTHING_TAKEN_UP else transfer_clock(evidence)
    is_settled = looked.arrival.settled_at is not None
    if name == "transfer-30" and is_settled and evidence.former_lea and not _runs(looked.arrival):
        return {"due_on": None, "words": _OVER, "trace": "", "left": None, "is_known": True}
    answer = due(name, enrolled_on=evidence.enrolled_on) if name else None
    due_on = answer.statutory_due_on if answer else None
    return {
        "due_on": due_on,
        "words": _NO_DATE.get(name, ""),
        "trace": trace_words(answer) if answer else "",
        "left": (due_on - clock.today()).days if due_on else None,
        "is_known": bool(evidence.former_lea),
    }


def _next(actor: Actor, settled: Arrival) -> tuple[str, str] | None:
    """Whoever has settled one goes on with the next: its address and its name."""
    found = next_arrival(actor, settled) if settled.settled_at is not None else None
    if found is None:
        return None
    log_reads(actor=actor, student_ids=[found.student_id], what="arrivals.list")
    return reverse(
        "arrival", args=[found.public_id]
    ), f"{found.student.last_name}, {found.student.first_name}"


def _settled(found: Arrival) -> dict[str, Any]:
    """How it was settled, what that can be undone by, and what is at the state of it."""
    if found.settled_at is None:
        return {"archive": None, "batch": None, "may_undo": False}
    merge = newest_merge_into(found.student) if found.settled_how == "merged" else None
    archive = Archive.objects.filter(pk=found.archive_id).first() if found.archive_id else None
    item = found.adoptions.filter(state="adopted").select_related("batch").order_by("-pk").first()
    waiting = Operation.objects.filter(archive_id=found.archive_id).count() if archive else 0
    return {
        "merge_url": reverse("merge", args=[merge.public_id]) if merge is not None else "",
        "archive": archive,
        "batch": item.batch if item else None,
        "may_undo": item is not None and waiting > 0,
        "waiting": waiting,
    }
