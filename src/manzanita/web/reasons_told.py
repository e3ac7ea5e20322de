"""How the pages of a record say no: each reason with the rule or policy behind it, whose job it is, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.arrivals import NO_LOOK
from manzanita.domain.findings import Reason
from manzanita.domain.former_lea import CLOSED
from manzanita.domain.rules import rule_info
from manzanita.domain.statuses.steps import STEPS
from manzanita.students.models import Student
from manzanita.web.whom_to_ask import Asked, coordinator_to_ask

_CODE = re.compile(r"[A-Z][A-Z0-9-]{3,}")
# What another kind of meeting is for.
_KINDS = (
    *("not-participating", "own-plan", "participating", "age-three", "age-c-to-b"),
    *("has-ifsp", "from-part-c", "plan-foreign"),
)
# Address and label of where a refusal is mended; without a label the way out is the link.
Way = tuple[str, str]
# Of what is mended in the form that stands on the same page.
IN_FORM: Way = ("", "")


@dataclass(frozen=True, slots=True)
class Told:
    """One reason as a page says it: ``text``, the link, and ``after``, where a sentence goes on behind the link."""

    text: str
    owner: str
    source: str
    # Where the rule or the policy is explained; blank where no page does.
    source_url: str
    url: str
    label: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Actions against which the same reasons stand."""

    labels: list[str]
    reasons: list[Told]


def told(
    reasons: Iterable[Reason], ways: Mapping[str, Way] = MappingProxyType({}), otherwise: Way = IN_FORM
) -> list[Told]:
    """``ways`` by the code of a reason, as the reader may open them; ``otherwise`` for the rest."""
    found = []
    for one in reasons:
        url, label = ways.get(one.code) or ((one.link, "") if one.link[:1] == "/" else otherwise)
        before, label, after = _linked(one.way_out, label) if url else (one.way_out, "", "")
        explained = explained_at(one.source)
        found.append(
            Told(
                f"{one.text} {before}".strip(),
                str(one.owner),
                one.source,
                # Of two links to one page the first is enough.
                explained if explained != url else "",
                url,
                label,
                after,
            )
        )
    return found


def _linked(way_out: str, label: str) -> tuple[str, str, str]:
    """What stands before the link, the link, and what stands after it. Where the way out has the words of the label,
    they are the link there: a page does not say the same thing twice."""
    if not label:
        return ("", way_out, "") if way_out else ("", "Go there", "")
    start = way_out.lower().find(label.lower())
    end = start + len(label)
    # Quotation marks around the words belong to the link.
    if way_out[start - 1 : start] == "“" and way_out[end : end + 1] == "”":
        start, end = start - 1, end + 1
    if start < 0 or way_out[start - 1 : start].strip() or way_out[end : end + 1].isalnum():
        return way_out, label, ""
    return way_out[:start].rstrip(), way_out[start:end], way_out[end:]


def tell_reasons(
    request: HttpRequest,
    reasons: Iterable[Reason],
    ways: Mapping[str, Way] = MappingProxyType({}),
    otherwise: Way = IN_FORM,
) -> None:
    """Each reason as one message on the page that follows: what, the way out, whose job it is, by which rule."""
    for one in told(reasons, ways, otherwise):
        messages.error(request, _message(one))


def _message(one: Told) -> SafeString:
    """As the macro ``told`` has it on a page."""
    way = format_html(' <a class="go" href="{}">{}</a>{}', one.url, one.label, one.after) if one.url else ""
    rule = format_html('<a href="{}">{}</a>', one.source_url, one.source) if one.source_url else one.source
    owner = format_html("Owner: {} · {}", one.owner, rule) if one.source else f"Owner: {one.owner}"
    return format_html('{}{} <span class="dim">{}</span>', one.text, way, owner)


def grouped(
    refused: Iterable[tuple[str, tuple[Reason, ...]]], ways: Mapping[str, Way], otherwise: Way
) -> list[Refused]:
    """Labels of actions with what stands against each: every set of reasons once, in the wording that came first."""
    groups: dict[tuple[str, ...], Refused] = {}
    for label, reasons in refused:
        codes = tuple(reason.code for reason in reasons)
        if codes not in groups:
            groups[codes] = Refused([], told(reasons, ways, otherwise))
        groups[codes].labels.append(label)
    return list(groups.values())


def explained_at(source: str) -> str:
    """The page that explains what stands behind a reason: of a rule its own, of what one may do the reader's own, of
    what is adopted together the checks."""
    if source == PERMISSIONS:
        return reverse("why")
    if source == NO_LOOK:
        return f"{reverse('arrivals_adopt')}#checks"
    code = next((word for word in _CODE.findall(source) if rule_info(word)), "")
    return reverse("rule", args=[code]) if code else ""


def why_way(student: Student) -> Way:
    """The page that every reader of a record may open: by what right one may do what with it."""
    return reverse("why_student", args=[student.public_id]), "Who may, and why"


def ways_on_record(
    actor: Actor, student: Student, meeting_path: str = "", *, ask: Asked | None = None
) -> dict[str, Way]:
    """Where the refusals of a student's page are mended, or understood, by whoever looks; ``meeting_path`` is the open
    meeting's, where it is for this reader; ``ask`` who is asked for what the reader's perspective does not do."""

    def page(name: str, *more: str) -> str:
        return reverse(name, args=[student.public_id, *more])

    why = why_way(student)
    corrects, meets = actor.may(Capability.CORRECT_RECORD), actor.may(Capability.HOLD_MEETING)
    reports = actor.may(Capability.REPORT_PARTICIPATION)
    enrollments = page("student_enrollments"), "Show the enrollments"
    kinds = (page("meeting_new"), "All kinds of meetings") if meets else why
    changes = (page("changes"), "Change without a meeting") if corrects else kinds
    leaving = (page("leaving"), STEPS["undo_leave"].label) if corrects else why
    ask = ask or coordinator_to_ask(actor)
    asked = ask.url, f"Ask {ask.who}"
    return {
        **dict.fromkeys(("has-left", "enrolled-elsewhere", "not-enrolled", "enrolled"), enrollments),
        "sis-says": enrollments,
        **dict.fromkeys(("no-capability", "perspective-may-not", "other-agency"), asked),
        **dict.fromkeys(_KINDS, kinds),
        **dict.fromkeys(("here", "said-left"), leaving),
        CLOSED: (reverse("directory"), "Whom to ask there"),
        "no-plan": changes,
        "not-adopted": (page("change", "adopt"), "Adopt the plan") if corrects else kinds,
        "open-meeting": (meeting_path, "Go to the meeting")
        if meeting_path
        else (reverse("directory"), "Whom to ask there"),
        "office-records": (page("participation"), "Student has left or stops taking part")
        if reports
        else asked,
        "reported-already": (page("participation"), "Show the report"),
        "referred-already": (page("referral"), "Show the referral") if meets else why,
        "open-evaluation": (meeting_path, "Go to the meeting") if meeting_path else kinds,
        "no-ssid": (page("student_ssids"), "Show the SSIDs"),
    }
