"""One arrival: the four questions with their evidence, what follows, the clock, the records, the team."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.accounts.granting import Refused
from manzanita.accounts.queries import user_names
from manzanita.archive.models import Archive
from manzanita.arrivals.actions import save_answers, settle_arrival
from manzanita.arrivals.evidence import evidence_of
from manzanita.arrivals.models import Arrival
from manzanita.arrivals.queries import get_arrival, next_arrival
from manzanita.auditing.actions import log_reads
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor, Capability
from manzanita.domain.arrival_plan import QUESTIONS, Answer, Answered, Plan, Way, answers_of, plan_of
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
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.student_transfers import STATE_WORDS, State
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.platform.ids import new_public_id
from manzanita.procedures.adopting import adopt_alone
from manzanita.procedures.assigning import Term, Wanted, apply_assignments, candidates
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import preview_change, record_change
from manzanita.procedures.effects import held_without_ssid
from manzanita.procedures.paper_plan import CAUSE as PAPER
from manzanita.students.duplicates import open_pairs_of
from manzanita.students.finding import students_by_pk
from manzanita.students.former import facts_for
from manzanita.students.models import Student
from manzanita.students.queries import StudentFacts, get_student
from manzanita.transfers.queries import open_transfer_to
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.arrival_words import (
    CALL_ROLES,
    KIND_MARKS,
    RECORDS_ROLES,
    age_words,
    contacts_by_code,
    former_words,
    role_words,
    text_given,
)
from manzanita.web.guest_requests import may_transfer
from manzanita.web.meanwhile import alone_with, stamp_of, status_of
from manzanita.web.people_forms import number_of
from manzanita.web.state_lines import summary
from manzanita.web.student_changes import codes_of
from manzanita.web.student_timeline import trace_words

# How an arrival is settled without anything recorded, by what follows.
SETTLES = {Way.INACTIVE: "inactive", Way.NOTHING: "nothing", Way.GOES_ON: "nothing"}
SETTLE_LABELS = {
    Way.INACTIVE: "Settle as arrived inactive",
    Way.NOTHING: "Settle: nothing to do",
    Way.GOES_ON: "Settle: our plan goes on",
}
_NOTHING_TAKEN_UP = (Way.INACTIVE, Way.INACTIVE_TOLD, Way.NOTHING, Way.START)
# Why no date is set, by the clock.
_NO_DATE = {
    "": "No plan of another district goes on here, so no review is due after a transfer.",
    "transfer-same-selpa": "The plan goes on inside the SELPA; the dates of the next reviews stay as they are.",
    "transfer-out-of-state": "The plan is of another state: comparable services begin without delay, until an "
    "assessment, if one is needed, and a plan of this district.",
}
ANSWER_WORDS = {Answer.YES: "Yes", Answer.NO: "No", Answer.UNKNOWN: "Not known"}


@dataclass(frozen=True, slots=True)
class Looked:
    """One arrival with what is known of it now."""

    arrival: Arrival
    student: Student
    evidence: Evidence
    answered: list[Answered]
    plan: Plan

    @property
    def plan_known_on(self) -> date | None:
        return self.evidence.lapsed_on if self.plan.way is Way.ADOPT_LAST else None


def _look(actor: Actor, public_id: uuid.UUID) -> Looked:
    arrival = get_arrival(actor, public_id)
    student = get_student(actor, arrival.student.public_id)
    today = clock.today()
    # Of a settled one, what was known when it was settled.
    evidence = Evidence.from_document(arrival.evidence)
    if arrival.settled_at is None:
        found = evidence_of(arrival.lea_code, [student.pk], today).get(student.pk)
        evidence = found.evidence if found else evidence
    answered = answers_of(evidence, today, arrival.answers)
    return Looked(arrival, student, evidence, answered, plan_of(evidence, answered, today))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def arrival(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page; a POST keeps answers (``answer``), adopts (``adopt``), records a status (``inactive``), settles
    (``settle``) or assigns (``assign``)."""
    looked = _look(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[looked.student.pk], what="arrivals.arrival")
    if request.method != "POST":
        return _page(request, looked)
    do = next((name for name in DEEDS if name in request.POST), "")
    if not do:
        messages.info(request, "Nothing was changed: nothing was asked for.")
        return redirect("arrival", public_id)
    try:
        with alone_with(request, looked.student, typed=text_given(request, "reason")):
            looked = _look(request.actor, public_id)
            if looked.arrival.settled_at is not None and do != "assign":
                messages.info(request, "Nothing was changed: this arrival is settled.")
                return redirect("arrival", public_id)
            DEEDS[do](request, looked)
    except (NotPossible, Refused) as refused:
        return _page(request, _look(request.actor, public_id), refused.reasons)
    return redirect("arrival", public_id)


def _answer(request: HttpRequest, looked: Looked) -> None:
    """Only what differs from what the records say is kept."""
    first = {one.key: one.answer for one in answers_of(looked.evidence, clock.today())}
    said = {
        key: request.POST[key]
        for key in QUESTIONS
        if request.POST.get(key) in set(Answer) and request.POST[key] != first[key]
    }
    save_answers(actor=request.actor, arrival=looked.arrival, answers=said)
    messages.success(request, "Answers kept. What follows from them stands below.")


def _adopt(request: HttpRequest, looked: Looked) -> None:
    plan = looked.plan
    if plan.way not in (Way.ADOPT, Way.ADOPT_LAST) or plan.on is None:
        raise NotPossible([_no_such_way()])
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        token = new_public_id()
    adopt_alone(
        actor=request.actor,
        arrival=looked.arrival,
        on=plan.on,
        plan_known_on=looked.plan_known_on,
        public_id=token,
        reason=text_given(request, "reason"),
    )
    messages.success(
        request,
        f"Adopted from {us_date(plan.on)}. The lines stand in the state plan; until they go, it can be taken back.",
    )


def _inactive(request: HttpRequest, looked: Looked) -> None:
    """The status that the student arrives with instead of taking part, through the same procedure as any change."""
    if looked.plan.way is not Way.INACTIVE_TOLD:
        raise NotPossible([_no_such_way()])
    asked = Asked(
        "status",
        looked.plan.on,
        text_given(request, "reason"),
        status_code=_known(request.POST.get("status", ""), "SpecialEducationStatus"),
        reason_code=_known(request.POST.get("status_reason", ""), "NonParticipationReason"),
    )
    archive = record_change(actor=request.actor, student=looked.student, asked=asked)
    settle_arrival(
        actor=request.actor,
        arrival=looked.arrival,
        how="inactive",
        reason=asked.reason,
        archive_id=archive.pk,
    )
    messages.success(
        request, "Recorded: the student arrives inactive, and the state is told with the next send."
    )


def _known(code: str, code_set_name: str) -> str:
    return code if code in dict(codes_of(code_set_name)) else ""


def _settle(request: HttpRequest, looked: Looked) -> None:
    reason = text_given(request, "reason")
    if not reason:
        raise NotPossible(
            [Reason("no-reason", "It needs its reason.", Owner.YOU, "Say in a sentence how you know.")]
        )
    how = SETTLES.get(looked.plan.way, "nothing")
    if settle_arrival(actor=request.actor, arrival=looked.arrival, how=how, reason=reason):
        messages.success(request, "Settled. It stands under “Settled”, with your reason.")


def _assign(request: HttpRequest, looked: Looked) -> None:
    wanted = Wanted(
        str(looked.student.public_id),
        "assignment",
        number_of(request.POST.get("to", "")) or None,
        seen_id=number_of(request.POST.get("seen", "")) or None,
    )
    apply_assignments(
        actor=request.actor,
        wanted=[wanted],
        term=Term(clock.today()),
        title="Case manager of an arriving student",
        is_whole=True,
    )
    messages.success(request, "Assigned from today on.")


DEEDS = {
    "answer": _answer,
    "adopt": _adopt,
    "inactive": _inactive,
    "settle": _settle,
    "assign": _assign,
}


def _no_such_way() -> Reason:
    return Reason(
        "way-changed",
        "What follows has changed since you opened the page.",
        Owner.COORDINATOR,
        "Look at it below, and decide again.",
    )


def _page(request: HttpRequest, looked: Looked, refusals: Sequence[Reason] = ()) -> HttpResponse:
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
        "kind_words": KIND_WORDS[kind][1]
        if one.evidence.is_known or one.evidence.near
        else "Nothing under this record says special education yet.",
        "age": age_words(one.arrival.enrolled_on, today),
        "answered": one.answered,
        "answers": [(key.value, words) for key, words in ANSWER_WORDS.items()],
        "plan": one.plan,
        "is_adopting": one.plan.way in (Way.ADOPT, Way.ADOPT_LAST),
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
        "refusals": refusals,
        "typed": request.POST if refusals else {},
        "token": new_public_id(),
        "today": today,
        "record_seen": stamp_of(actor, one.student),
        **_lines(actor, one),
        **_settled(one.arrival),
        "next": _next(actor, one.arrival),
    }
    return render(request, "web/arrivals/arrival.html", context, status=status_of(refusals))


def _paper_words(looked: Looked, is_entered: bool) -> str:
    """What the way to the plan on paper is called; empty where a plan is known from elsewhere, where the family
    declined every plan, and where none is taken up here."""
    known = looked.evidence
    if looked.arrival.settled_at is not None or looked.plan.way in _NOTHING_TAKEN_UP:
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
    if looked.plan.way in (Way.ADOPT, Way.ADOPT_LAST):
        # It stands beside the lines that it holds.
        asked.add("arrival-no-ssid")
    if looked.plan.way in _NOTHING_TAKEN_UP or not transfer_clock(looked.evidence):
        # Nothing is adopted, or nothing is known that could be, so that no plan is missed.
        asked |= {"arrival-no-plan", "arrival-no-services"}
    return [one for one in why_not_safe(looked.evidence, today) if one.code not in asked]


def _lines(actor: Actor, looked: Looked) -> dict[str, Any]:
    """What adopting would tell the state, line by line in its order, or what stands against it."""
    if looked.arrival.settled_at is not None or looked.plan.way not in (Way.ADOPT, Way.ADOPT_LAST):
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


def _clock(looked: Looked) -> dict[str, Any]:
    """The clock of a transfer: 30 days from another SELPA; no date inside the SELPA, from another state, and where
    nothing is taken up here."""
    evidence = looked.evidence
    name = "" if looked.plan.way in _NOTHING_TAKEN_UP else transfer_clock(evidence)
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


_OVER = "No IEP meeting after the transfer is due any more: one was held here, or the plan was made anew."


def _runs(arrival: Arrival) -> bool:
    """Whether the 30 days still run, as every list has it; an adoption alone does not end them."""
    rows = DueDate.objects.filter(student=arrival.student_id, lea_code=arrival.lea_code, clock="transfer-30")
    return rows.exists()


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
    archive = Archive.objects.filter(pk=found.archive_id).first() if found.archive_id else None
    item = found.adoptions.filter(state="adopted").select_related("batch").order_by("-pk").first()
    waiting = Operation.objects.filter(archive_id=found.archive_id).count() if archive else 0
    return {
        "archive": archive,
        "batch": item.batch if item else None,
        "may_undo": item is not None and waiting > 0,
        "waiting": waiting,
    }


urlpatterns = [
    path("arrivals/<uuid:public_id>", arrival, name="arrival"),
]
