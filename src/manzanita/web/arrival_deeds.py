"""What can be done on the page of an arrival: answer, adopt, record a status, settle, assign."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest

from manzanita.arrivals.actions import save_answers, settle_arrival
from manzanita.arrivals.models import Arrival
from manzanita.domain.arrival_plan import QUESTIONS, Answer, Way, answers_of
from manzanita.domain.findings import LOOK_AGAIN, Owner, Reason
from manzanita.domain.statuses.steps import lack
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.ids import new_public_id
from manzanita.procedures.adopting import adopt_alone
from manzanita.procedures.assigning import Term, Wanted, apply_assignments
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.ui.formats import us_date
from manzanita.web.arrival_looked import Looked
from manzanita.web.arrival_words import text_given
from manzanita.web.people_forms import number_of
from manzanita.web.student_changes import codes_of

# How an arrival is settled without anything recorded, by what follows.
SETTLES = {Way.INACTIVE: "inactive", Way.NOTHING: "nothing", Way.GOES_ON: "nothing"}


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
    if not looked.is_adopting or plan.on is None:
        raise NotPossible([_no_such_way()])
    token = _token(request) or new_public_id()
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


def is_sent_twice(request: HttpRequest, arrival: Arrival) -> bool:
    """Is it the very form by which the plan was adopted? Then nothing is refused: it is done."""
    token = _token(request)
    return token is not None and arrival.adoptions.filter(batch__public_id=token).exists()


def _token(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        return None


def _inactive(request: HttpRequest, looked: Looked) -> None:
    """The status that the student arrives with instead of taking part, through the same procedure as any change."""
    if looked.plan.way is not Way.INACTIVE_TOLD:
        raise NotPossible([lack("answered-inactive")])
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
        source=LOOK_AGAIN,
    )
