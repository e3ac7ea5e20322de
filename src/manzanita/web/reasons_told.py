"""How the pages of a record say no: each reason with the rule or policy behind it, whose job it is, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.arrivals import NO_LOOK
from manzanita.domain.findings import Reason
from manzanita.domain.rules import rule_info
from manzanita.students.models import Student

_CODE = re.compile(r"[A-Z][A-Z0-9-]{3,}")
# What another kind of meeting is for.
_KINDS = (
    *("not-participating", "own-plan", "participating", "age-three", "age-c-to-b"),
    *("has-ifsp", "from-part-c"),
)
# Address and label of where a refusal is mended.
Way = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """One reason as a page says it."""

    text: str
    owner: str
    source: str
    # Where the rule or the policy is explained; blank where no page does.
    source_url: str
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Actions against which the same reasons stand."""

    labels: list[str]
    reasons: list[Told]


def told(reasons: Iterable[Reason], ways: Mapping[str, Way], otherwise: Way) -> list[Told]:
    """``ways`` by the code of a reason, as the reader may open them; ``otherwise`` for the rest."""
    found = []
    for one in reasons:
        url, label = ways.get(one.code, otherwise)
        explained = explained_at(one.source)
        found.append(
            Told(
                f"{one.text} {one.way_out}".strip(),
                str(one.owner),
                one.source,
                # Of two links to one page the first is enough.
                explained if explained != url else "",
                url,
                label,
            )
        )
    return found


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


def ways_on_record(actor: Actor, student: Student, meeting_path: str = "") -> dict[str, Way]:
    """Where the refusals of a student's page are mended, or understood, by whoever looks; ``meeting_path`` is the open
    meeting's, where it is for this reader."""

    def page(name: str, *more: str) -> str:
        return reverse(name, args=[student.public_id, *more])

    why = why_way(student)
    corrects, meets = actor.may(Capability.CORRECT_RECORD), actor.may(Capability.HOLD_MEETING)
    enrollments = page("student_enrollments"), "Show the enrollments"
    kinds = (page("meeting_new"), "All kinds of meetings") if meets else why
    changes = (page("changes"), "Change without a meeting") if corrects else kinds
    leaving = (page("leaving"), "Show the leaving, take it back") if corrects else why
    return {
        **dict.fromkeys(("has-left", "enrolled-elsewhere", "not-enrolled"), enrollments),
        **dict.fromkeys(_KINDS, kinds),
        **dict.fromkeys(("here", "said-left"), leaving),
        "no-plan": changes,
        "not-adopted": (page("change", "adopt"), "Adopt the plan") if corrects else kinds,
        "open-meeting": (meeting_path, "Go to the meeting")
        if meeting_path
        else (reverse("directory"), "Whom to ask there"),
        "office-records": (page("participation"), "Student has left or stops taking part") if meets else why,
        "reported-already": (page("participation"), "Show the report"),
        "referred-already": (page("referral"), "Show the referral") if meets else why,
        "open-evaluation": (meeting_path, "Go to the meeting") if meeting_path else kinds,
        "no-ssid": (page("student_ssids"), "Show the SSIDs"),
    }
