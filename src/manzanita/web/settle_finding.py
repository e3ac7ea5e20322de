"""One finding of our rules: what, where it is mended, whose it is; and dismissing, giving, asking and answering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import people_who_may, user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.rules import rule_info
from manzanita.exchange.plan import standing_record
from manzanita.findings.models import RuleFinding
from manzanita.findings.queries import events_of, finding_of, is_to_be_judged, next_open, who_knows
from manzanita.findings.reasons import NotDone, why_not_dismiss
from manzanita.findings.settling import (
    LONGEST_WORDS,
    answer_question,
    ask_about_finding,
    assign_finding,
    dismiss_finding,
    reopen_finding,
)
from manzanita.orgs.queries import school_names
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.correct_ways import OURS, correct_address
from manzanita.web.settle import is_key, open_url, words_of
from manzanita.web.state_lines import name_of, student_names

EVENT_WORDS = {
    "opened": "Opened by the rule",
    "closed": "Closed: the rule says it no longer",
    "lapsed": "Closed while dismissed: the rule says it no longer",
    "resumed": "Said again of the values that were dismissed",
    "dismissed": "Dismissed",
    "returned": "Open again",
    "assigned": "Given to",
    "asked": "Asked",
    "answered": "Answered",
}
# Events that end in a state, and the states that may be read after them.
ENDS = {"closed": ("closed",), "lapsed": ("closed",), "dismissed": ("dismissed",)}


@require_safe
@requires(Capability.READ_STUDENT)
def settle_finding(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, finding_of(request.actor, pk))


def _page(
    request: HttpRequest, one: RuleFinding, refusals: Sequence[Reason] = (), deed: str = ""
) -> HttpResponse:
    """The page of a finding; with ``refusals`` of the ``deed`` that was tried on it, and what was typed for it."""
    actor = request.actor
    log_reads(actor=actor, student_ids=[one.student_id], what="settle.finding")
    person = student_names(actor, [one.student_id]).get(one.student_id)
    candidates = _candidates(actor, one)
    events = events_of(one)
    if events and events[0].kind in ENDS and one.state not in ENDS[events[0].kind]:
        # The rules were at it while the page was put together: it is read once more.
        one.refresh_from_db()
    is_closed = one.state == "closed"
    standing = standing_record(one.student_id, one.record_key)
    following = next_open(actor, one) if is_closed else None
    told = {one.dismissed_by_id, one.assignee_id, one.asked_of_id, one.asked_by_id}
    mended = standing.archive if is_closed and standing else None
    if mended and (mended.cause != "correction" or mended.recorded_at < one.opened_at):
        mended = None
    told.add(mended.by_id if mended else None)
    names = user_names(
        {pk for pk in (*told, *(e.by_id for e in events), *(e.about_id for e in events)) if pk}
    )
    knows = next((pk for pk, label in candidates.items() if label.endswith("case manager")), None)
    context = {
        **words_of(one),
        "rule": rule_info(one.rule_code),
        "name": name_of(person),
        "student_url": url_or_none("student", person.student.public_id) if person else None,
        "ssid": person.ssid if person else "",
        "school": school_names({one.school_code}).get(one.school_code, "") if one.school_code else "",
        "names": names,
        "events": [(event, EVENT_WORDS[event.kind]) for event in events],
        "correct_url": correct_address(standing.pk, OURS, one.pk) if standing else None,
        "mended": mended,
        "is_changed": not is_closed and is_to_be_judged(one.student_id),
        "next_url": reverse("settle_finding", args=[following.pk]) if following else None,
        "enrollment_url": url_or_none("student_enrollments", person.student.public_id)
        if person and one.owner == Owner.SIS
        else None,
        "may_settle": actor.may(Capability.CORRECT_RECORD),
        "may_answer": one.asked_of_id == actor.user_id and one.answered_at is None and not actor.is_read_only,
        "why_not": why_not_dismiss(one),
        "candidates": list(candidates.items()),
        "knows": knows,
        "refusals": refusals,
        "deed": deed,
        "typed": " ".join(request.POST.get("words", "").split())[:LONGEST_WORDS],
        "all_url": open_url(one.rule_code),
        "longest": LONGEST_WORDS,
    }
    return render(request, "web/findings/finding.html", context, status=422 if refusals else 200)


def _candidates(actor: Actor, one: RuleFinding) -> dict[int, str]:
    """Who can be given the finding or asked: who knows the student, then those who correct records at the LEA."""
    known = who_knows(one.student_id)
    found = {pk: f"{name}, {known[pk]}" for pk, name in _in_order(user_names(set(known)), list(known))}
    for person in people_who_may(Capability.CORRECT_RECORD, one.lea_code):
        found.setdefault(person.pk, person.name)
    return found


def _in_order(names: dict[int, str], order: Sequence[int]) -> list[tuple[int, str]]:
    return [(pk, names[pk]) for pk in order if pk in names]


def _post(
    capability: Capability, deed: str, act: Callable[[HttpRequest, RuleFinding], str]
) -> Callable[..., HttpResponse]:
    """A view that does ``act`` and says what was done; what is refused is said on the page, with what was typed."""

    @require_POST
    @requires(capability)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        one = finding_of(request.actor, pk)
        try:
            done = act(request, one)
        except NotDone as refused:
            one.refresh_from_db()
            return _page(request, one, refused.reasons, deed)
        messages.success(request, done)
        return redirect("settle_finding", one.pk)

    return view


def _dismiss(request: HttpRequest, one: RuleFinding) -> str:
    is_new = dismiss_finding(
        actor=request.actor,
        finding=one,
        reason=request.POST.get("words", ""),
        seen_inputs=request.POST.get("seen", "")[:32],
    )
    if not is_new:
        return "It is dismissed already, by you and for this reason."
    return "Dismissed. It returns when one of the values changes that the rule has read."


def _reopen(request: HttpRequest, one: RuleFinding) -> str:
    is_done = reopen_finding(actor=request.actor, finding=one)
    return "The finding is open again." if is_done else "The finding is not dismissed any more."


def _assign(request: HttpRequest, one: RuleFinding) -> str:
    to_id = _person_in(request)
    known = _candidates(request.actor, one)
    is_done = assign_finding(actor=request.actor, finding=one, to_id=to_id, candidates=known)
    if to_id is None:
        return "Given to nobody."
    return f"Given to {known[to_id]}." if is_done else f"It is given to {known[to_id]} already."


def _ask(request: HttpRequest, one: RuleFinding) -> str:
    of_id, known = _person_in(request), _candidates(request.actor, one)
    ask_about_finding(
        actor=request.actor,
        finding=one,
        of_id=of_id,
        question=request.POST.get("words", ""),
        candidates=known,
    )
    return f"Asked {known[of_id or 0]}. The question stands on their home page; the answer comes here."


def _answer(request: HttpRequest, one: RuleFinding) -> str:
    answer_question(actor=request.actor, finding=one, answer=request.POST.get("words", ""))
    return "Your answer stands on the finding."


def _person_in(request: HttpRequest) -> int | None:
    """Whom the form names; ``None`` for nobody, 0 for what is no key."""
    text: Any = request.POST.get("person", "")
    return None if text == "" else int(text) if is_key(text) else 0


CORRECT, READ = Capability.CORRECT_RECORD, Capability.READ_STUDENT
urlpatterns = [
    path("findings/settle/<int:pk>", settle_finding, name="settle_finding"),
    path("findings/settle/<int:pk>/dismiss", _post(CORRECT, "dismiss", _dismiss), name="settle_dismiss"),
    path("findings/settle/<int:pk>/reopen", _post(CORRECT, "reopen", _reopen), name="settle_reopen"),
    path("findings/settle/<int:pk>/assign", _post(CORRECT, "assign", _assign), name="settle_assign"),
    path("findings/settle/<int:pk>/ask", _post(CORRECT, "ask", _ask), name="settle_ask"),
    path("findings/settle/<int:pk>/answer", _post(READ, "answer", _answer), name="settle_answer"),
]
