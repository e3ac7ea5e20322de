"""What the pages of a leaving say: the state's line with its confidence, and what will happen, by whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from manzanita.domain.codes import code_set
from manzanita.domain.findings import Severity
from manzanita.domain.leaving import LeavingReason
from manzanita.leaving.models import Leaving
from manzanita.procedures.leaving import LeavingPreview
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.state_lines import summary

# What a mark means for whoever is about to record: the mark, and what follows where it turns out wrong.
UNCONFIRMED_NUMBER = " (number not confirmed)"
NOT_CONFIRMED = (
    "Number not confirmed",
    "You may record it. The line does not go to the real state before the state's workbook confirms the number; if "
    "another one is right, correct the SWDS then, and nothing else of the leaving changes.",
)
NOT_SETTLED = (
    "Not settled",
    "No public source says for certain what the state wants here. You may record it; ask the SELPA before it is sent: "
    "until then it can be taken back as a whole.",
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that will happen. ``mark`` is set where somebody has to look at it; ``url`` leads there."""

    text: str
    detail: str = ""
    mark: str = ""
    rule: str = ""
    url: str | None = None


# What a leaving has ended, by kind of fact, as it comes back.
_KINDS = {
    "status": "status",
    "plan": "plan",
    "service": "services",
    "assignment": "case manager",
    "team": "team",
}


def taken_back_words(standing: Leaving) -> str:
    """What taking it back brings back: only what it has changed."""
    back = [words for kind, words in _KINDS.items() if standing.closed.get(kind)]
    back += ["canceled meetings"] if standing.canceled_meetings else []
    # A list as people say it: commas, and “and” before the last.
    listed = " and ".join(filter(None, [", ".join(back[:-1]), *back[-1:]]))
    said = f" What comes back: {listed}." if listed else ""
    told = "The state was not told yet." if standing.archive_id else "The state is told nothing of it."
    report = " The report that this answered waits again." if standing.report_id else ""
    return f"{told}{said}{report}"


def line_words(reason: LeavingReason) -> str:
    """``SWDS 3, reason 32``, a number that no state source prints marked as such; empty where nothing is told."""
    if not reason.is_told:
        return ""
    code = code_set("NonParticipationReason").codes.get(reason.reason_code)
    mark = "" if code is not None and code.is_confirmed else UNCONFIRMED_NUMBER
    return f"SWDS {reason.status_code}, reason {reason.reason_code}{mark}"


def groups_of(preview: LeavingPreview) -> list[tuple[str, Sequence[Said]]]:
    """What will happen, in three: in this record, at the state, and what others have to do."""
    return [
        ("In this record", list(_here(preview))),
        ("At the state", list(_at_state(preview)) or [Said("Nothing: it says above why.")]),
        ("Others have to do", list(_others(preview))),
    ]


def _here(preview: LeavingPreview) -> Iterator[Said]:
    for one in preview.effects:
        if one.kind not in ("why", "state", "nothing", "sis"):
            yield Said(one.text, one.detail)
    for fate in preview.meetings:
        if fate.reason is None:
            yield Said(fate.text)
    until = "Until the state is told" if preview.asked_change else "As long as nothing is built on it"
    yield Said(f"{until} it can be taken back as a whole.")


def _at_state(preview: LeavingPreview) -> Iterator[Said]:
    """Why it is told that, or nothing, stands at the head of the page."""
    lines = preview.change.drafts if preview.change else ()
    for one in preview.effects:
        if one.kind == "state":
            yield Said(one.text, "; ".join(summary(draft.record, draft.values) for draft in lines))
        elif one.kind == "nothing" and one.text != preview.reason.told:
            yield Said(one.text, one.detail)
    for found in preview.change.findings if preview.change else ():
        if found.severity in (Severity.FATAL, Severity.WARNING):
            yield Said(found.message, mark="Finding", rule=found.code)


def _others(preview: LeavingPreview) -> Iterator[Said]:
    for one in preview.effects:
        if one.kind == "sis":
            yield Said(one.text, one.detail)
    for fate in preview.meetings:
        if fate.reason is not None:
            url = url_or_none("meeting", fate.meeting.public_id)
            yield Said(fate.text, fate.reason.way_out, mark="First", url=url)
