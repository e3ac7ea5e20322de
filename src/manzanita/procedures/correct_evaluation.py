"""Correcting what an archived initial evaluation began with, MEET 24.11 to 24.13: what stands against it, and the
meeting and the referral brought up to it.

The days are no part of the record's key, so the state is told to replace the record. While the meeting is open they are
corrected in it (``meetings.evaluation_actions``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.codes import code_set
from manzanita.domain.findings import HAPPENED, Owner, Reason
from manzanita.domain.records import parse_state_date
from manzanita.meetings.evaluation_actions import INITIAL_TYPES, correct_begun
from manzanita.meetings.referrals import referrals_of, waiting_referrals
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.correct_dates import Said
from manzanita.students.models import Referral, Student

REFERRED, PARTY, CONSENT = "24.11", "24.12", "24.13"
EVALUATION_FIELDS = (REFERRED, PARTY, CONSENT)
_HELD, _TYPE = "24.15", "24.14"
_DAYS = {REFERRED: "referral", CONSENT: "consent"}


@dataclass(frozen=True, slots=True)
class Begun:
    """What the evaluation began with, as corrected ``values`` say it."""

    referred_on: date | None
    party_code: str
    consent_on: date | None

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Begun:
        """Raises ``ValueError`` for a day that is none."""
        days = {number: parse_state_date(values[number]) if values[number] else None for number in _DAYS}
        return cls(days[REFERRED], values[PARTY], days[CONSENT])


def why_not_offered(values: Mapping[str, str]) -> Reason | None:
    """Why these fields of a MEET are not corrected in its archive, whatever would be typed; ``None`` where they are."""
    if values[_TYPE] not in INITIAL_TYPES:
        return Reason(
            "not-initial",
            "Only an initial evaluation has a referral and a consent to evaluate, and this meeting was none.",
            Owner.TEAM,
            "Correct the meeting that was the initial evaluation.",
            source="MEET 24.11 to 24.13: initial evaluations only",
        )
    if not values[_HELD]:
        return Reason(
            "open-evaluation",
            "The evaluation is not held yet: what it began with stands in its meeting.",
            Owner.TEAM,
            "Correct it there, under Hold, and report it as pending again.",
            source="MEET 24.10: pending until the meeting is held",
        )
    return None


def reasons_against(row: ArchivedRecord, values: Mapping[str, str]) -> Iterator[Reason]:
    """Why an evaluation cannot have begun with what ``values`` say."""
    if all(values[number] == row.values[number] for number in EVALUATION_FIELDS):
        return
    if (reason := why_not_offered(values)) is not None:
        yield reason
        return
    party = values[PARTY]
    if party not in ("", row.values[PARTY]) and party not in code_set("ReferringParty").codes:
        yield _typed("no-party", f"{party} names nobody who refers.", "Choose who.", values, PARTY)
    try:
        begun = Begun.of(values)
        held_on = parse_state_date(values[_HELD])
    except ValueError:
        wrong = next((number for number in _DAYS if not _is_day(values[number])), REFERRED)
        yield _typed("no-date", f"The day of the {_DAYS[wrong]} is no date.", "Enter it anew.", values, wrong)
        return
    yield from _wrong_days(row, values, begun, held_on)
    yield from _against_referrals(row, values, begun)


def _wrong_days(
    row: ArchivedRecord, values: Mapping[str, str], begun: Begun, held_on: date
) -> Iterator[Reason]:
    if begun.consent_on is None and row.values[CONSENT]:
        yield Reason(
            "no-consent",
            "An initial evaluation begins with the consent to evaluate; it is corrected, not left out.",
            Owner.TEAM,
            "Enter the day on which the signed assessment plan came back.",
            source="Education Code 56321(c), 56344(a)",
            values={CONSENT: ""},
        )
    born = Student.unscoped.filter(pk=row.student_id).values_list("birth_on", flat=True).first()
    for number, day in ((REFERRED, begun.referred_on), (CONSENT, begun.consent_on)):
        if day is None or values[number] == row.values[number]:
            continue
        if day > clock.today():
            yield Reason(
                "future-date",
                f"{day:%m/%d/%Y} is in the future.",
                Owner.COORDINATOR,
                "Enter the day on which it happened.",
                source=HAPPENED,
                values={number: values[number]},
            )
        elif born is not None and day < born:
            yield _typed(
                "before-birth",
                f"The student was born after {day:%m/%d/%Y}.",
                "Check the year.",
                values,
                number,
            )
    if begun.consent_on is not None and begun.consent_on > held_on:
        yield Reason(
            "consent-after-meeting",
            f"The meeting was held on {held_on:%m/%d/%Y}; a consent of {begun.consent_on:%m/%d/%Y} comes after it.",
            Owner.COORDINATOR,
            "Enter the day on which the signed assessment plan came back, or correct the day of the meeting.",
            source="Education Code 56321(c)",
            values={CONSENT: values[CONSENT]},
        )
    if begun.consent_on and begun.referred_on and begun.referred_on > begun.consent_on:
        yield Reason(
            "referred-after-consent",
            f"The referral of {begun.referred_on:%m/%d/%Y} comes after the consent of "
            f"{begun.consent_on:%m/%d/%Y}.",
            Owner.COORDINATOR,
            "Correct one of the two days.",
            source="Education Code 56321(a)",
            values={REFERRED: values[REFERRED]},
        )


def _against_referrals(row: ArchivedRecord, values: Mapping[str, str], begun: Begun) -> Iterator[Reason]:
    """Against a day that would bring a referral back which this consent has ended, end one that waits, or lay one over
    another."""
    along, others = _referrals(row)
    if along is not None:
        if begun.referred_on is None:
            yield _typed(
                "referral-stands",
                f"A referral of {along.effective_from:%m/%d/%Y} is recorded here, so its day is not left out.",
                "Enter its day.",
                values,
                REFERRED,
            )
        elif along.plan_given_on is not None and begun.referred_on > along.plan_given_on:
            yield _typed(
                "after-plan",
                f"The assessment plan was given on {along.plan_given_on:%m/%d/%Y}, before that.",
                "Enter a day on or before it.",
                values,
                REFERRED,
            )
        elif any(_touches(one, begun.referred_on, along) for one in others):
            yield _typed(
                "before-last",
                "Another referral is recorded for that time.",
                "Enter the day of this one.",
                values,
                REFERRED,
            )
    was = parse_state_date(row.values[CONSENT]) if row.values[CONSENT] else None
    if was is None or begun.consent_on is None:
        return
    for one in others:
        if one.effective_to is None and begun.consent_on < one.effective_from <= was:
            yield _typed(
                "referral-later",
                f"A referral of {one.effective_from:%m/%d/%Y} led to this evaluation; no consent comes before it.",
                "Enter a day on or after it.",
                values,
                CONSENT,
            )
    if begun.consent_on > was:
        # Of every LEA: a consent from its day on ends a referral wherever it waits.
        later = waiting_referrals().filter(
            student=row.student_id, effective_from__gt=was, effective_from__lte=begun.consent_on
        )
        for day in later.order_by("effective_from").values_list("effective_from", flat=True):
            yield _typed(
                "referral-waits",
                f"A referral of {day:%m/%d/%Y} waits, and a consent from that day on would end it unsaid.",
                "Enter a day before it, or have that referral answered first.",
                values,
                CONSENT,
            )


def _touches(other: Referral, day: date, along: Referral) -> bool:
    """Does the time of ``along``, were it from ``day`` on, reach into that of another referral of the LEA?"""
    if other.lea_code != along.lea_code:
        return False
    is_before = other.effective_from < along.effective_from
    last = other.effective_to or other.effective_from
    return day <= last if is_before else day >= other.effective_from


def _referrals(row: ArchivedRecord) -> tuple[Referral | None, list[Referral]]:
    """The referral that the record names, as it was recorded here, and all others of the student."""
    rows = list(referrals_of(row.student_id))
    day = parse_state_date(row.values[REFERRED]) if row.values[REFERRED] else None
    along = next(
        (
            one
            for one in rows
            if one.lea_code == row.lea_code and one.effective_from == day and one.effective_to is None
        ),
        None,
    )
    return along, [one for one in rows if one is not along]


def restate(said: Said, row: ArchivedRecord, values: Mapping[str, str], held_on: date) -> int:
    """Bring the meeting, and the referral that led to it, up to the correction; how many changed."""
    if all(values[number] == row.values[number] for number in EVALUATION_FIELDS):
        return 0
    begun = Begun.of(values)
    count = correct_begun(
        student_id=row.student_id,
        lea_code=row.lea_code,
        held_on=held_on,
        consent_on=begun.consent_on,
        referred_on=begun.referred_on,
        party_code=begun.party_code,
    )
    along, _ = _referrals(row)
    if along is None or begun.referred_on is None:
        return count
    content = {name: getattr(along, name) for name in Referral.content}
    content["referred_by_code"] = begun.party_code or along.referred_by_code
    if (begun.referred_on, content["referred_by_code"]) == (along.effective_from, along.referred_by_code):
        return count
    slot = {"student_id": along.student_id, "lea_code": along.lea_code}
    said.state(
        "referral",
        [
            Statement(slot, None, along.effective_from, along.effective_to),
            Statement(slot, content, begun.referred_on, along.effective_to),
        ],
    )
    return count + 1


def _is_day(text: str) -> bool:
    try:
        return not text or bool(parse_state_date(text))
    except ValueError:
        return False


def _typed(code: str, text: str, way_out: str, values: Mapping[str, str], number: str) -> Reason:
    return Reason(code, text, Owner.YOU, way_out, values={number: values[number]})
