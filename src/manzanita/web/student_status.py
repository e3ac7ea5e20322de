"""The status card of a student: what the record is now, since when, what ends it, how long it may stand, and what the
state should hold and does hold for it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from manzanita.domain.access import Capability
from manzanita.domain.codes import code_set
from manzanita.domain.leaving import REASONS, sis_reason
from manzanita.domain.statuses import KINDS, Group, Kind, Standing, how_long
from manzanita.exchange.holds import READY, SENT
from manzanita.exchange.queries import StripCell
from manzanita.procedures.later_start import KEY
from manzanita.procedures.settling import failed_leavings
from manzanita.procedures.standing import standing_of
from manzanita.students.models import SpecialEducationStatus
from manzanita.ui.formats import plural, us_date
from manzanita.web.student_file import StudentFile

# What an inactive record is called after its SWDS status, and what that means.
INACTIVE_WORDS = {
    "2": ("not participating", "Eligible, but without an agreed plan."),
    "3": ("not enrolled", "Eligible, and enrolled elsewhere or nowhere."),
    "4": ("not eligible", "Evaluated, or exited from special education."),
}
# Of one who left without a word to the state.
UNTOLD_HOLDS = "What it held: SWDS 1, PLAN and SERV, until those of the next district follow."
GROUP_KINDS = {Group.ACTIVE: "ok", Group.INACTIVE: "na", Group.NONE: "na", Group.TO_SETTLE: "warn"}
STATE_KINDS = {"equal": "equal", "different": "diff", "held": "held", "none": "na"}
STATE_WORDS = {"equal": "equal", "different": "different", "held": "held", "none": "none due"}


def standing_in(file: StudentFile) -> Standing:
    """How the record of the file stands today."""
    return standing_of(
        file.facts,
        file.lea_code,
        day=file.today,
        meetings=file.meetings,
        leavings=file.leavings,
        reports=file.reports,
        unsettled=[
            *file.unsettled,
            *failed_leavings(file.leavings, file.lea_code, file.today),
        ],
    )


def card_of(file: StudentFile, cells: list[StripCell]) -> dict[str, Any]:
    """Everything that the card says."""
    standing = standing_in(file)
    said = next((one.record for one in standing.to_settle if one.kind is standing.kind and one.record), None)
    record, status = said or standing.record, file.facts.status_on(file.today)
    stands, source = record.stands, record.source
    if standing.kind is Kind.INACTIVE and status is not None and standing.status is not None:
        stands, source = how_long(status.status_code, status.reason_code)
    return {
        "kind": GROUP_KINDS[record.group],
        "label": _label(standing),
        "since": standing.since,
        "text": _text(standing, record.sentence, status),
        "before": _before(file, status) if status else "",
        "items": [
            {
                "label": KINDS[one.kind].label,
                "text": one.text,
                "age": plural((file.today - one.since).days, "day"),
                "owner": one.owner,
            }
            for one in standing.to_settle
        ]
        + _at_the_sis(file, standing),
        "planned": _planned(standing),
        "ends": record.ends,
        "stands": stands,
        "source": source,
        "holds": UNTOLD_HOLDS if standing.left_unsaid and status else record.holds,
        "state": _at_the_state([cell for cell in cells if cell.record != "PSTS"]),
        "link": _link(file, standing),
    }


def _at_the_sis(file: StudentFile, standing: Standing) -> list[dict[str, Any]]:
    """The enrollment that a leaving has left open in the SIS, as one more thing to settle, with its page."""
    left = standing.left
    if left is None:
        return []
    goes_on = any(
        one.lea_code == file.lea_code
        and one.started_on <= left.on
        and (one.effective_to is None or one.effective_to >= file.today)
        for one in file.facts.enrollments
    )
    reason = sis_reason(REASONS[left.reason_key], left.on, is_enrolled=goes_on, today=file.today)
    if reason is None:
        return []
    return [
        {
            "label": "SIS to end",
            "text": f"{reason.text} {reason.way_out}",
            "age": plural((file.today - left.on).days, "day"),
            "owner": reason.owner,
            "url": reverse("student_enrollments", args=[file.student.public_id]),
        }
    ]


def _label(standing: Standing) -> str:
    record = standing.record
    if record.group is Group.TO_SETTLE:
        return f"To settle: {record.label[0].lower()}{record.label[1:]}"
    if standing.kind is not Kind.INACTIVE or standing.status is None:
        return record.label
    if standing.left is not None and not REASONS[standing.left.reason_key].is_told:
        return f"{record.label}, left"
    words = INACTIVE_WORDS.get(standing.status.code)
    return f"{record.label}, {words[0] if words else 'goes on elsewhere'}"


def _text(standing: Standing, sentence: str, status: SpecialEducationStatus | None) -> str:
    if standing.kind is Kind.INACTIVE and standing.left is not None:
        sentence = f"{REASONS[standing.left.reason_key].label}, {us_date(standing.left.on)}."
    elif standing.kind is Kind.INACTIVE and status is not None and status.status_code in INACTIVE_WORDS:
        sentence = INACTIVE_WORDS[status.status_code][1]
    if status is None:
        return sentence
    words = code_set("SpecialEducationStatus").label(status.status_code)
    reason = code_set("NonParticipationReason").label(status.reason_code) if status.reason_code else ""
    return f"{sentence} SWDS status {words}{f', reason {reason}' if reason else ''}."


def _before(file: StudentFile, status: SpecialEducationStatus) -> str:
    """The status that this one followed, in words."""
    earlier = [one for one in file.facts.statuses if one.effective_from < status.effective_from]
    if not earlier or earlier[-1].status_code == status.status_code:
        return ""
    before = earlier[-1]
    words = code_set("SpecialEducationStatus").label(before.status_code)
    if before.reason_code:
        words += f", reason {code_set('NonParticipationReason').label(before.reason_code)}"
    return f"Before, from {us_date(before.effective_from)}: {words}."


def _planned(standing: Standing) -> str:
    if standing.planned is None:
        return ""
    label = REASONS[standing.planned.reason_key].label
    return f"Planned for {us_date(standing.planned.on)}: {label[0].lower()}{label[1:]}."


def _at_the_state(cells: list[StripCell]) -> list[dict[str, Any]]:
    """Each kind of record that differs; where none does, one word for all."""
    said = [_state(cell) for cell in cells]
    other = [one for one in said if one["kind"] not in ("equal", "na")]
    if other:
        return other
    if any(one["kind"] == "equal" for one in said):
        return [{"record": "All", "kind": "equal", "word": "equal"}]
    return [{"record": "None", "kind": "na", "word": "due"}]


def _state(cell: StripCell) -> dict[str, Any]:
    """One kind of record at the state: equal, different, held, ready to send, or on its way."""
    if cell.on_its_way and not cell.held:
        return {"record": cell.record, "kind": "progress", "word": SENT.lower()}
    if cell.ready and not cell.held:
        return {"record": cell.record, "kind": "diff", "word": READY.lower()}
    return {"record": cell.record, "kind": STATE_KINDS[cell.status], "word": STATE_WORDS[cell.status]}


def _link(file: StudentFile, standing: Standing) -> tuple[str, str] | None:
    """Where what is recorded, planned or reported is looked at and settled, for who may."""
    if (
        standing.kind is Kind.REFERRAL
        and file.referral is not None
        and file.actor.may(Capability.HOLD_MEETING)
    ):
        return reverse("referral", args=[file.student.public_id]), "Plan given, withdrawn or declined"
    if not file.actor.may(Capability.CORRECT_RECORD):
        return None
    page = reverse("leaving", args=[file.student.public_id])
    if standing.kind is Kind.LEAVING:
        return page, "Record it, or answer"
    if standing.kind is Kind.EXPECTED and file.actor.may(Capability.ASSIGN_STUDENTS):
        return reverse("expected", args=[file.student.public_id]), "See the plan"
    if standing.left is not None:
        return page, "Show the leaving, take it back"
    if standing.planned is not None:
        return page, "Change or cancel it"
    if arrival := next((one.url for one in standing.to_settle if one.kind == standing.kind and one.url), ""):
        return arrival, "Settle it"
    if standing.kind is Kind.STARTING:
        return reverse("change", args=[file.student.public_id, KEY]), "Start the services"
    if standing.kind in (Kind.ARRIVING, Kind.RETURNING):
        return reverse("change", args=[file.student.public_id, "adopt"]), "Adopt the plan"
    return None
