"""What a leaving does, in words: one sentence for each thing that happens, beside those of the change it makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from manzanita.domain.codes import code_set
from manzanita.domain.leaving import CONTINUES, NO_SHOW, LeavingReason, PaperSaid, exit_words
from manzanita.domain.revocation import Letter, earliest_end
from manzanita.procedures.change_effects import change_effects
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import ChangePreview
from manzanita.procedures.effects import Effect, long_day
from manzanita.students.models import Enrollment
from manzanita.students.queries import StudentFacts

DAY = timedelta(days=1)


def leaving_effects(
    reason: LeavingReason,
    on: date,
    facts: StudentFacts,
    change: ChangePreview | None,
    change_asked: Asked | None,
    *,
    is_ahead: bool,
    newest: Enrollment | None,
) -> Iterator[Effect]:
    """What recording it does here, what the state is told and why, and what is others' to do. ``newest`` is the
    enrollment that the student leaves."""
    if is_ahead:
        yield Effect(
            "plan",
            f"Nothing is done before {long_day(on)}. On that day it is carried out by itself; until then it can be "
            "canceled or changed.",
        )
    for one in _of_change(facts, change, change_asked, is_ahead=is_ahead):
        yield (
            replace(one, detail=reason.why_day_before)
            if one.kind == "ends" and reason.why_day_before
            else one
        )
    if change_asked is None:
        yield Effect(
            "nothing",
            reason.told
            if not reason.is_told
            else "The state is told nothing: the student never took part, so it holds no status.",
        )
    elif is_ahead and change_asked.key == "status":
        status = code_set("SpecialEducationStatus").label(reason.status_code)
        why = code_set("NonParticipationReason").label(reason.reason_code)
        yield Effect("state", f"Then the state is told 1 line: SWDS, status {status}, reason {why}.")
    else:
        yield Effect("why", reason.told)
    if facts.case_manager_id is not None:
        last = on - DAY if reason.key == NO_SHOW else on
        yield Effect("ends", f"The case assignment and the team end after {long_day(last)}.")
    plan = facts.plan_on(on) if reason.key == CONTINUES else None
    if plan is not None:
        yield Effect(
            "plan",
            "The plan and its services stay in the record as they are, for the new district to adopt; here no date of "
            f"them is owed after {long_day(on)}.",
        )
    ended_on, code = (newest.effective_to, newest.exit_reason_code) if newest else (None, "")
    label = code_set("StudentExitCategory").label(code) if code else ""
    yield Effect("sis", exit_words(reason, ended_on, code, label))


def _of_change(
    facts: StudentFacts, change: ChangePreview | None, asked: Asked | None, *, is_ahead: bool
) -> Iterable[Effect]:
    """What the change does, or will do on its day by what stands today."""
    if change is not None:
        return change.effects
    return change_effects(asked, facts, (), None, None) if is_ahead and asked is not None else ()


def letter_effects(letter: Letter, notice: PaperSaid) -> Iterator[Effect]:
    """The letter by which consent was revoked, and when the services may end."""
    if letter.on is not None and letter.by:
        yield Effect(
            "letter",
            f"{letter.by} revoked consent by the letter of {long_day(letter.on)}: kept with the leaving.",
        )
    earliest = earliest_end(letter.on, notice.on)
    if earliest is not None and notice.on is not None:
        yield Effect(
            "letter",
            f"The services may end on {long_day(earliest)} at the earliest, the notice having been given on "
            f"{long_day(notice.on)}.",
            "The law asks for a reasonable time before, and counts no days (34 CFR 300.503(a)).",
        )
