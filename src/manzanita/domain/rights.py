"""Who holds a student's educational rights on a day: who decides and signs, who gets the notices, and why.

One pure function, :func:`rights_holders_on`, answers from the birth date and the dated records of the people around
the student. Records that contradict each other give reasons and no decider: the office settles it, nobody guesses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.clocks.ages import majority_on
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.rights_kinds import KINDS, UNSTATED, Kind, Tier

# The contact number that stands for the student.
STUDENT_NO = 0
MAJORITY_LAW = "Education Code 56041.5; 34 CFR 300.520"
SURROGATE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Standing:
    """What is recorded of one person from ``starts_on`` to ``ends_on`` (inclusive; ``None``: open): a right of
    ``kind``, or a limit on one. ``is_sole``: alone among its like. ``limitation``: what the paper excepts."""

    contact_no: int
    name: str
    kind: str
    starts_on: date
    ends_on: date | None = None
    evidence: str = ""
    is_sole: bool = False
    limitation: str = ""

    def covers(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Holder:
    """One person in the answer, with the reason for the place there. ``kind`` is empty for the student."""

    contact_no: int
    name: str
    kind: str
    because: Reason
    limitation: str = ""

    @property
    def is_student(self) -> bool:
        return self.contact_no == STUDENT_NO


@dataclass(frozen=True, slots=True)
class Rights:
    """The answer for one day. ``decides`` may each sign alone, unless a limitation says otherwise; ``others`` are
    recorded and do not decide. Without a decider there is a problem; a problem beside an adult student who decides
    concerns the notices only. ``warnings`` are gaps that leave the answer as it is."""

    day: date
    is_adult: bool
    decides: tuple[Holder, ...] = ()
    notices: tuple[Holder, ...] = ()
    others: tuple[Holder, ...] = ()
    problems: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()

    @property
    def only_decider(self) -> Holder | None:
        return self.decides[0] if len(self.decides) == 1 else None


def days_of_change(birth_on: date | None, facts: Iterable[Standing]) -> list[date]:
    """The days on which the answer may differ from that of the day before, in order."""
    days = {majority_on(birth_on)} if birth_on else set()
    for fact in facts:
        days.add(fact.starts_on)
        if fact.ends_on is not None:
            days.add(fact.ends_on + timedelta(days=1))
    return sorted(days)


def rights_holders_on(
    day: date, birth_on: date | None, facts: Iterable[Standing], *, student_name: str = "The student"
) -> Rights:
    """Who holds the rights on ``day``."""
    standing = sorted((fact for fact in facts if fact.covers(day)), key=lambda fact: fact.contact_no)
    if birth_on is None:
        return Rights(day, False, problems=(_no_birth_date(),))
    problems = [*_unreadable(standing)]
    if problems:
        return Rights(day, day >= majority_on(birth_on), problems=tuple(problems))
    warnings = tuple(_gaps(standing))
    if day < majority_on(birth_on):
        decides, others, problems = _while_minor(standing)
        return Rights(day, False, decides, decides, others, tuple(problems), warnings)
    return _of_adult(day, birth_on, standing, warnings, student_name)


def _of_adult(
    day: date, birth_on: date, standing: Sequence[Standing], warnings: tuple[Reason, ...], student_name: str
) -> Rights:
    grown = [fact for fact in standing if KINDS[fact.kind].tier is Tier.GROWN]
    ended = [fact for fact in standing if KINDS[fact.kind].ends_at_majority]
    parents = [fact for fact in standing if fact not in grown and fact not in ended]
    since = majority_on(birth_on)
    student = Holder(
        STUDENT_NO,
        student_name,
        "",
        Reason(
            "adult-student",
            f"The student turned 18 on {since:%m/%d/%Y}; the rights are the student's own from that day.",
            Owner.CLERK,
            source=MAJORITY_LAW,
        ),
    )
    if len({fact.kind for fact in grown}) > 1:
        problem = _contradiction(
            "conservator-and-chosen",
            f"A conservator and an adult chosen by the student are both recorded: {_names(grown)}.",
            "Ask for the letters of conservatorship, and end the record that does not count.",
            MAJORITY_LAW,
        )
        return Rights(day, True, problems=(problem,), warnings=warnings)
    decides = tuple(_holder(fact) for fact in grown) or (student,)
    heard, others, problems = _while_minor(parents) if parents else ((), (), [])
    problems = [one for one in problems if one.code not in _ABOUT_NOBODY]
    notices = (*decides, *(() if student in decides else (student,)), *(_hears(one) for one in heard))
    others = (*others, *(_ended(fact, since) for fact in ended))
    return Rights(day, True, decides, notices, others, tuple(problems), warnings)


# Of an adult student it is no problem that no parent is recorded.
_ABOUT_NOBODY = frozenset({"nobody-holds", "surrogate-needed"})


def _while_minor(
    standing: Sequence[Standing],
) -> tuple[tuple[Holder, ...], tuple[Holder, ...], list[Reason]]:
    """Who decides, who is recorded and does not, and what contradicts: then nobody decides."""
    kept = [fact for fact in standing if KINDS[fact.kind].tier is Tier.KEPT]
    holding = [fact for fact in standing if fact not in kept]
    problems = list(_contradictions(holding))
    if problems:
        return (), tuple(_holder(fact) for fact in standing), problems
    if not holding:
        return (), tuple(_holder(fact) for fact in kept), [_nobody(kept)]
    first = min(KINDS[fact.kind].tier for fact in holding)
    of_first = [fact for fact in holding if KINDS[fact.kind].tier is first]
    sole = [fact for fact in of_first if fact.is_sole]
    deciding = sole or of_first
    others = [_holder(fact) for fact in kept]
    others += [_behind(fact, deciding) for fact in holding if fact not in deciding]
    return tuple(_holder(fact) for fact in deciding), tuple(others), []


def _contradictions(holding: Sequence[Standing]) -> Iterable[Reason]:
    """Records of a minor that cannot all be true."""
    by_tier: dict[Tier, list[Standing]] = {}
    for fact in holding:
        by_tier.setdefault(KINDS[fact.kind].tier, []).append(fact)
    if grown := by_tier.get(Tier.GROWN):
        yield _contradiction(
            "too-young",
            f"{_names(grown)}: a conservator, or an adult chosen by the student, decides only from 18.",
            "Let the record begin on the 18th birthday. If a court named this person now, record it so.",
            MAJORITY_LAW,
        )
    court = by_tier.get(Tier.COURT, [])
    if len({fact.kind for fact in court}) > 1:
        yield _contradiction(
            "two-courts",
            f"A guardian and somebody named by a court to decide on education are both recorded: {_names(court)}.",
            "Ask for the newer order, and end the record that it replaced.",
            "Education Code 56028(b)(2)",
        )
    foster, parents = by_tier.get(Tier.FOSTER, []), by_tier.get(Tier.PARENT, [])
    if foster and parents and not court:
        yield _contradiction(
            "foster-and-parent",
            f"A foster parent ({_names(foster)}) decides only where a court limited the parents' rights, and "
            f"{_names(parents)} still holds them here.",
            "Record for each parent what the court said, with the order; or end the foster parent's record.",
            "Education Code 56028(a)(2)",
        )
    surrogates = by_tier.get(Tier.SURROGATE, [])
    available = [fact for fact in holding if KINDS[fact.kind].tier < Tier.SURROGATE]
    if surrogates and available:
        yield _contradiction(
            "surrogate-and-parent",
            f"A surrogate ({_names(surrogates)}) decides only where nobody else can, and {_names(available)} "
            "holds the rights here.",
            "End the surrogate's appointment, or record why the other cannot decide.",
            "Government Code 7579.5; 34 CFR 300.519",
        )
    first = min((KINDS[fact.kind].tier for fact in holding), default=None)
    sole = [fact for fact in holding if fact.is_sole and KINDS[fact.kind].tier is first]
    if len(sole) > 1:
        yield _contradiction(
            "two-alone",
            f"Each of these is recorded as deciding alone: {_names(sole)}.",
            "Ask for the newer order, and correct the other record.",
            "34 CFR 300.30(b)",
        )


def _unreadable(standing: Sequence[Standing]) -> Iterable[Reason]:
    """What nobody can answer from: a kind that is none, or one person with two records on one day."""
    for fact in standing:
        if fact.kind not in KINDS:
            yield _contradiction(
                "unknown-kind",
                f"{fact.name} is recorded with a kind of right that is not known here.",
                "Choose the kind again.",
                "",
            )
    counts = Counter(fact.contact_no for fact in standing)
    for number in (number for number, count in counts.items() if count > 1):
        name = next(fact.name for fact in standing if fact.contact_no == number)
        yield _contradiction(
            "two-records",
            f"Two records of {name} count on this day.",
            "End the one that does not count.",
            "",
        )


def _gaps(standing: Sequence[Standing]) -> Iterable[Reason]:
    for fact in standing:
        kind = KINDS[fact.kind]
        if fact.kind == UNSTATED:
            yield Reason(
                "kind-not-recorded",
                f"Of {fact.name} it is not recorded by what right this person decides.",
                Owner.CLERK,
                "Choose the kind.",
            )
        elif kind.evidence and fact.evidence not in kind.evidence:
            yield Reason(
                "no-evidence",
                f"No paper is recorded that shows it for {fact.name}: {kind.label.lower()}.",
                Owner.CLERK,
                "Ask for the paper, and record it.",
                source=kind.law,
                confidence=kind.confidence,
            )


def _nobody(kept: Sequence[Standing]) -> Reason:
    if kept:
        return Reason(
            "surrogate-needed",
            f"Nobody recorded here may decide: {_names(kept)} cannot.",
            Owner.COORDINATOR,
            f"Record whom the court named, or appoint a surrogate parent within {SURROGATE_DAYS} days.",
            source="Government Code 7579.5; 34 CFR 300.519(h)",
            confidence="unverified",
        )
    return Reason(
        "nobody-holds",
        "No rights holder is recorded for this day.",
        Owner.CLERK,
        "Record who decides for the student, from which day.",
        source="Education Code 56028",
    )


def _no_birth_date() -> Reason:
    return Reason(
        "no-birth-date",
        "The birth date is not known, so nobody can say whether the student is 18.",
        Owner.SIS,
        "Enter the birth date in the student information system; it comes with its next file.",
        source=MAJORITY_LAW,
    )


def _holder(fact: Standing) -> Holder:
    kind = KINDS[fact.kind]
    text = f"{kind.label}: {kind.because}."
    return Holder(
        fact.contact_no,
        fact.name,
        fact.kind,
        Reason(fact.kind, text, Owner.CLERK, source=kind.law, confidence=kind.confidence),
        fact.limitation,
    )


def _behind(fact: Standing, deciding: Sequence[Standing]) -> Holder:
    """Recorded, but another one's word goes first."""
    if any(one.is_sole for one in deciding):
        why, law = f"{_names(deciding)} decides alone by order of a court.", "34 CFR 300.30(b)"
    elif KINDS[deciding[0].kind].tier is Tier.COURT:
        why, law = f"A court named {_names(deciding)}.", "Education Code 56028(b)(2)"
    else:
        why, law = f"{_names(deciding)} comes first.", "Education Code 56028(b)(1)"
    return Holder(fact.contact_no, fact.name, fact.kind, Reason("not-first", why, Owner.CLERK, source=law))


def _ended(fact: Standing, since: date) -> Holder:
    kind: Kind = KINDS[fact.kind]
    text = (
        f"{kind.label}: ended on the student's 18th birthday, {since:%m/%d/%Y}. Should the student have chosen this "
        "person, or a court have decided so, record that."
    )
    return Holder(
        fact.contact_no,
        fact.name,
        fact.kind,
        Reason("ended-at-18", text, Owner.CLERK, source=kind.law, confidence=kind.confidence),
    )


def _hears(holder: Holder) -> Holder:
    text = "Notices go to the parents too after the 18th birthday; they no longer decide."
    return Holder(
        holder.contact_no,
        holder.name,
        holder.kind,
        Reason("hears-after-18", text, Owner.CLERK, source=MAJORITY_LAW),
    )


def _contradiction(code: str, text: str, way_out: str, law: str) -> Reason:
    return Reason(code, text, Owner.CLERK, way_out, source=law)


def _names(facts: Iterable[Standing]) -> str:
    return ", ".join(fact.name for fact in facts)
