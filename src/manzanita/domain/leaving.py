"""Why a student stops being a special education student here: each reason with what the state is told of it, and why.

The numbers of SWDS 22.13 are those of the code set with the confidence it gives them; most are placeholders. A reason
without a status tells the state nothing. What no public source settles says so (``is_settled``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from manzanita.domain.dates import years_after
from manzanita.domain.findings import Owner, Reason

PRIOR_NOTICE, SUMMARY = "notice", "summary"
# SWDS0370E4: at the start of a status with the reason maximum age.
MAXIMUM_AGE = 21
# The state counts dropouts in the grades 07 to 12 and US.
BELOW_GRADE_7 = frozenset(
    {"IN", "TD", "PS", "TK", "KN", "UE", *(f"{number:02d}" for number in range(1, 7))},
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that the law asks for when a student leaves. ``is_before``: it comes before the change, not with it."""

    key: str
    label: str
    why: str
    source: str
    is_before: bool = False


PAPERS: Mapping[str, Paper] = MappingProxyType(
    {
        paper.key: paper
        for paper in (
            Paper(
                PRIOR_NOTICE,
                "Prior written notice",
                "The family is told in writing what ends and why, a reasonable time before it ends.",
                "34 CFR 300.503; EC 56500.4",
                is_before=True,
            ),
            Paper(
                SUMMARY,
                "Summary of performance",
                "What the student can do, and what helps, for whoever comes after school.",
                "34 CFR 300.305(e)(3)",
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class LeavingReason:
    """One reason. ``status_code`` and ``reason_code`` are SWDS 22.12 and 22.13, both empty where nothing is told;
    ``told`` says why the state is told that, or nothing; ``sis`` what the SIS staff do; ``papers`` are keys of
    ``PAPERS``; ``least_age`` in years on the day, or ``None``; ``asks_letter``:
    it is the written word of a rights holder."""

    key: str
    label: str
    when: str
    day_label: str
    told: str
    sis: str
    status_code: str = ""
    reason_code: str = ""
    papers: tuple[str, ...] = ()
    least_age: int | None = None
    asks_letter: bool = False
    is_settled: bool = True
    source: str = ""

    @property
    def words(self) -> str:
        """The label within a sentence."""
        return f"{self.label[0].lower()}{self.label[1:]}"

    @property
    def is_told(self) -> bool:
        return bool(self.status_code)

    @property
    def why_day_before(self) -> str:
        """Why the plan ends by one day before the last day here; empty where the enrollment goes on."""
        if not self.is_told or self.key in STAYS_ENROLLED:
            return ""
        served = "." if self.key == DIED else "; the student is served through the last day."
        return (
            "The state takes a status only on a day of the enrollment (GERR0005), so the new one counts from the last "
            f"day here, and the plan closes before it{served}"
        )


DAY = timedelta(days=1)
NO_SHOW, DIED = "no_show", "deceased"
# Reasons by which special education ends and the enrollment goes on.
STAYS_ENROLLED = frozenset({"revoked_consent", "no_longer_eligible"})
_GUIDE = "calpads.org SPED Data Guide"
_LAST_DAY = "Last day here"

REASONS: Mapping[str, LeavingReason] = MappingProxyType(
    {
        reason.key: reason
        for reason in (
            LeavingReason(
                "moved_continuing",
                "Moved, and goes on in special education in California",
                "Another district or charter of California has the student, or asked for the record.",
                _LAST_DAY,
                "The state is told nothing: moving away and going on elsewhere is no exit from special education. The "
                "new district adopts the plan.",
                "The SIS ends the enrollment as a transfer within California.",
                source=_GUIDE,
            ),
            LeavingReason(
                "moved_out_of_state",
                "Moved out of California",
                "The family moved to another state or country.",
                _LAST_DAY,
                "The state is told status 3, eligible and not enrolled: no district of California goes on. No "
                "public source prints a reason of its own for that, so it is 32, as of whoever is not known to go on; "
                "that the family left the state is kept here, and is for the exit of the SIS to tell.",
                "The SIS ends the enrollment as a transfer out of California.",
                "3",
                "32",
                is_settled=False,
                source=_GUIDE,
            ),
            LeavingReason(
                "unknown_continuing",
                "Left, and nobody knows whether the student goes on",
                "The student is gone, and no district has asked for the record.",
                _LAST_DAY,
                "The state is told status 3, eligible and not enrolled. If another district enrolls the student, "
                "its own status follows this one. Reason 32 is also that of whoever moved out of California; here it "
                "says that nobody knows.",
                "The SIS ends the enrollment when it is known where the student went, or as no known enrollment.",
                "3",
                "32",
                source=_GUIDE,
            ),
            LeavingReason(
                "revoked_consent",
                "The family revoked consent to all services",
                "The rights holder withdrew consent to special education in writing.",
                "No services from",
                "The state is told status 2, eligible and not participating: the family's word ends the services, "
                "not the eligibility. Whether 2 or 4 is meant, no public source settles.",
                "Nothing for the SIS: the enrollment goes on.",
                "2",
                "13",
                papers=(PRIOR_NOTICE,),
                asks_letter=True,
                is_settled=False,
                source="34 CFR 300.300(b)(4); EC 56346",
            ),
            LeavingReason(
                "no_longer_eligible",
                "No longer eligible",
                "A reevaluation found no eligibility, the family does not dispute it, and its record is not kept here. "
                "Otherwise hold the triennial: finalizing it records this.",
                "Not eligible from",
                "The state is told status 4, not eligible, and expects the MEET of the reevaluation that found it.",
                "Nothing for the SIS: the enrollment goes on.",
                "4",
                "21",
                papers=(PRIOR_NOTICE,),
                source="34 CFR 300.305(e)(1); SWDS0605E4",
            ),
            LeavingReason(
                "diploma",
                "Graduated with a regular diploma",
                "The student earned the regular high school diploma, which ends eligibility.",
                "Graduated on",
                "The state is told status 4, not eligible: only the regular diploma ends eligibility.",
                "The SIS ends the enrollment as a completer (E230) with the completion of a regular diploma.",
                "4",
                "22",
                papers=(PRIOR_NOTICE, SUMMARY),
                source="34 CFR 300.102(a)(3); EC 56026.1",
            ),
            LeavingReason(
                "certificate",
                "Left with a certificate or equivalent, and does not come back",
                "A certificate of completion, an equivalency, or an alternate pathway diploma.",
                _LAST_DAY,
                "The state is told status 3, eligible and not enrolled: without a regular diploma the student is "
                "eligible until the maximum age.",
                "The SIS ends the enrollment as a completer (E230) with the completion of what was earned.",
                "3",
                "33",
                papers=(PRIOR_NOTICE,),
                source="cde.ca.gov special education file scenarios, 1a; EC 56026.1",
            ),
            LeavingReason(
                "maximum_age",
                "Reached the maximum age",
                "The student may not stay longer: by the month of the 22nd birthday.",
                _LAST_DAY,
                "The state is told status 4, not eligible, with the reason maximum age. That 4 and not 3 goes with "
                "it, no public source prints.",
                "The SIS ends the enrollment.",
                "4",
                "23",
                papers=(SUMMARY,),
                least_age=MAXIMUM_AGE,
                is_settled=False,
                source="EC 56026(c)(4); SWDS0370E4",
            ),
            LeavingReason(
                "dropped_out",
                "Dropped out",
                "The student stopped coming before completing school, and is enrolled nowhere.",
                _LAST_DAY,
                "The state is told status 3, eligible and not enrolled: the student may come back.",
                "The SIS ends the enrollment with the reason that fits: E140 (no known enrollment, truant), E300 "
                "(expelled, no known enrollment) or E400 (other or unknown).",
                "3",
                "31",
                is_settled=False,
                source=_GUIDE,
            ),
            LeavingReason(
                DIED,
                "Died",
                "The student died.",
                "Died on",
                "The state is told status 4, not eligible. Whether it wants that beside the end of the enrollment, no "
                "public source settles.",
                "The SIS ends the enrollment.",
                "4",
                "24",
                is_settled=False,
                source=_GUIDE,
            ),
            LeavingReason(
                "private_no_isp",
                "In a private school, without a service plan",
                "The parents placed the student in a private school, and there is no individual service plan.",
                _LAST_DAY,
                "The state is told status 2, eligible and not participating. Which reason goes with it, no public "
                "source settles; where consent was revoked, choose that instead.",
                "The SIS ends the enrollment as a transfer to a private school.",
                "2",
                "12",
                papers=(PRIOR_NOTICE,),
                is_settled=False,
                source="cde.ca.gov; a vendor's procedure for private schools",
            ),
            LeavingReason(
                NO_SHOW,
                "Expected, but never came",
                "The student was expected here and never came, also after a plan was adopted.",
                "Expected on",
                "The state is told nothing. Where a plan was adopted here, the adoption is not reported, and what the "
                "state holds of it is deleted.",
                "The SIS ends the enrollment as N470 (no show).",
                source=_GUIDE,
            ),
        )
    }
)


def is_gone(reason_key: str, leaves_on: date, day: date) -> bool:
    """Whether who left so is here no more on ``day``: from the day after the last one here, and who never came from the
    day of coming on. By some reasons special education ends and the student stays."""
    last = leaves_on - DAY if reason_key == NO_SHOW else leaves_on
    return reason_key not in STAYS_ENROLLED and last < day


# What a teacher may report who does not know the reason; nothing is recorded with it.
NOT_KNOWN = LeavingReason(
    "not_known",
    "No longer attends, I do not know why",
    "The student has stopped coming, and whoever reports it knows no more.",
    _LAST_DAY,
    "",
    "",
)
REPORTED: Mapping[str, LeavingReason] = MappingProxyType({NOT_KNOWN.key: NOT_KNOWN, **REASONS})
# What an SIS says when it ends an enrollment, and which reason that suggests; a person decides. The meaning of the T
# codes no public page that we read prints: they suggest, and nothing else. Nothing suggests that a student died or
# dropped out: E130, E300 and E400 (other or unknown) leave the choice to who knows.
SUGGESTED: Mapping[str, str] = MappingProxyType(
    {
        "N470": NO_SHOW,
        "E140": "unknown_continuing",
        "T160": "moved_continuing",
        "T180": "private_no_isp",
        "T200": "moved_out_of_state",
    }
)
# How the SIS ends the enrollment of who left so; of the other reasons no source that we read says it.
_EXITS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        NO_SHOW: frozenset({"N470"}),
        "moved_continuing": frozenset({"T160"}),
        "moved_out_of_state": frozenset({"T200"}),
        "unknown_continuing": frozenset({"E140", "E300", "E400"}),
        "dropped_out": frozenset({"E140", "E300", "E400"}),
        "diploma": frozenset({"E230"}),
        "certificate": frozenset({"E230"}),
        "private_no_isp": frozenset({"T180"}),
    }
)
CONTINUES = "moved_continuing"
# What says that the student is gone from special education in California, or that nobody knows: against an accepted
# transfer within California each would tell the state something false.
AGAINST_TRANSFER = frozenset({"moved_out_of_state", "unknown_continuing", "dropped_out"})
# The SIS ended the year or a session; the student is expected back.
EXPECTED_BACK = frozenset({"E150", "E155", "E156", "E170", "E450", "E490"})


@dataclass(frozen=True, slots=True)
class PaperSaid:
    """What is said of one paper: the day it was given, or a note why it was not (yet)."""

    on: date | None = None
    note: str = ""


def paper_reasons(
    reason: LeavingReason, said: Mapping[str, PaperSaid], *, on: date, today: date
) -> Sequence[Reason]:
    """Which papers are asked for and not told of; a note always answers, a day only where it can be right."""
    found = []
    for paper in (PAPERS[key] for key in reason.papers):
        one = said.get(paper.key, PaperSaid())
        if one.note.strip():
            continue
        if one.on is None:
            found.append(
                Reason(
                    f"no-{paper.key}",
                    f"{paper.label} is due: {paper.why[0].lower()}{paper.why[1:]}",
                    Owner.TEAM,
                    "Enter the day it was given, or say in a note why it was not.",
                    source=paper.source,
                )
            )
        elif one.on > today or (paper.is_before and one.on > on):
            when = "in the future" if one.on > today else f"after {on:%m/%d/%Y}, when the change takes effect"
            found.append(
                Reason(
                    f"late-{paper.key}",
                    f"{paper.label} of {one.on:%m/%d/%Y} is {when}.",
                    Owner.TEAM,
                    "Correct the day, or say in a note how it was.",
                    source=paper.source,
                )
            )
    return found


def age_reason(reason: LeavingReason, born_on: date | None, on: date) -> Reason | None:
    """Why the reason does not fit the student's age on the day."""
    if reason.least_age is None or born_on is None or years_after(born_on, reason.least_age) <= on:
        return None
    return Reason(
        "too-young",
        f"On {on:%m/%d/%Y} the student is younger than {reason.least_age}, and the state takes this reason from that "
        "age on.",
        Owner.COORDINATOR,
        "Choose the reason that fits, or correct the day.",
        source="SWDS0370E4",
    )


def sis_reason(reason: LeavingReason, left_on: date, *, is_enrolled: bool, today: date) -> Reason | None:
    """What the SIS has still to do after a leaving: ``is_enrolled`` where the enrollment that the student left goes on
    today. Nothing on the last day itself, nor where the enrollment is meant to go on."""
    if reason.key in STAYS_ENROLLED or not is_enrolled or today <= left_on:
        return None
    return Reason(
        "sis-end",
        f"The leaving of {left_on:%m/%d/%Y} is recorded ({reason.words}), and in the SIS the enrollment goes on.",
        Owner.SIS,
        f"{reason.sis} The next SIS file with that line ends this.",
        source="SENR0647F1" if reason.status_code == "3" else "SPED Data Guide, exits",
    )


def exit_words(reason: LeavingReason, ended_on: date | None, exit_code: str, exit_label: str) -> str:
    """What the SIS staff have to do for a leaving: end the enrollment; or, where the SIS ended it on ``ended_on``,
    nothing, unless it did so in a way that says something else."""
    if ended_on is None or reason.key in STAYS_ENROLLED:
        return reason.sis
    ended = f"The SIS has ended the enrollment on {ended_on:%m/%d/%Y}, {exit_label or 'without a reason'}"
    fitting = _EXITS.get(reason.key)
    if fitting is None or exit_code in fitting:
        return f"Nothing for the SIS staff. {ended}."
    return f"{ended}. Ask the SIS staff to correct the exit. {reason.sis}"


def suggested_reason(exit_code: str, *, is_handed_over: bool) -> LeavingReason | None:
    """What is known suggests a reason: an accepted transfer before the way in which the SIS ended the enrollment."""
    return REASONS[CONTINUES] if is_handed_over else REASONS.get(SUGGESTED.get(exit_code, ""))


def transfer_doubt(reason: LeavingReason, to: str) -> Reason | None:
    """What makes the reason doubtful where the record was handed over to the district named ``to``; empty: it was
    not."""
    if not to or reason.key not in AGAINST_TRANSFER:
        return None
    return Reason(
        "handed-over",
        f"Your district accepted a transfer of the record to {to}: the student goes on in California, and the state "
        f"would be told status {reason.status_code}, eligible and not enrolled.",
        Owner.COORDINATOR,
        f"Choose “{REASONS[CONTINUES].label}”; or take the acceptance back where the student does not go there.",
        source=_GUIDE,
    )


def grade_doubt(reason: LeavingReason, grade_code: str) -> Reason | None:
    """What makes the reason doubtful for a student of the grade: it may be recorded with open eyes, not by the way."""
    if reason.key != "dropped_out" or grade_code not in BELOW_GRADE_7:
        return None
    grade = grade_code.lstrip("0")
    return Reason(
        "grade-below-7",
        f"The student is in grade {grade}: the state counts dropouts from grade 7 on.",
        Owner.COORDINATOR,
        "Choose the reason that fits, such as that nobody knows whether the student goes on. Where the grade is wrong, "
        "the SIS staff correct it.",
        source="documentation.calpads.org, dropouts: grades 07 to 12 and US",
    )
