"""Everything a student's page is drawn from, read once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.accounts.queries import user_name_rows
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor
from manzanita.domain.directory_requests import Entry
from manzanita.domain.statuses import Unsettled
from manzanita.exchange.models import Operation, StateFinding, StateRecord
from manzanita.exchange.reporting import reported_of
from manzanita.exchange.state_as_of import StateThen
from manzanita.findings.models import RuleFinding
from manzanita.findings.queries import gravest_first
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.meetings.evaluation_clocks import Counted, count_evaluations
from manzanita.meetings.models import Answer, Decision, Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referrals import waiting_in
from manzanita.orgs.calendars import load_calendars
from manzanita.orgs.listing import agency_rows, entries_in, school_rows
from manzanita.orgs.queries import GROUP_SCHOOLS
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.procedures.news import Unseen
from manzanita.procedures.next_year import Planned
from manzanita.procedures.standing import unsettled_in
from manzanita.students.models import Enrollment, Plan, Referral, Student
from manzanita.students.queries import StudentFacts, get_student
from manzanita.ui.formats import us_date
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.next_year_words import people_in
from manzanita.web.student_reads import rows_of_student
from manzanita.web.whom_to_ask import Asked, coordinator_to_ask


@dataclass(frozen=True, slots=True)
class StateShown:
    """What the state held at the end of the day ``on``, and ``now`` of the same days. ``has_now`` says that the latter
    is a layer, too: not where only what was known then is asked."""

    then: StateThen
    on: date
    now: Sequence[StateRecord]
    has_now: bool

    @property
    def label(self) -> str:
        return f"State on {us_date(self.on)}"


@dataclass(frozen=True, slots=True)
class StudentFile:
    """One student as the LEA ``lea_code`` knows and reports them: the actor's own, or for a SELPA, a nonpublic school
    and others the LEA at which the student is.

    ``operations``, ``at_state``, ``should``, ``findings`` (the state's answers), ``rule_findings``, ``leavings``
    (planned and recorded), ``reports`` (of participation, those that wait), ``referrals``, ``meetings``, ``archives``
    are those of that LEA; ``referral`` is the one that waits, ``dues`` are stored due dates that the time line draws;
    ``meetings_elsewhere`` are the finalized ones of others, whose archives are not read here;
    ``answers`` and ``decisions`` are of the meeting that is open, ``open_anywhere``, at whatever LEA. ``evaluations``
    are the clocks of all meetings that began with a consent. ``unsettled`` is what other apps leave to settle.
    ``unseen`` is what changed since the actor last looked through the news, or did something, ``None`` where a former
    LEA looks; so is
    ``next_year``, what is planned or sent for the next school year. ``directory`` has the schools and agencies that
    the record names, as far as they are known. ``state_then`` is of a file as it was on another day (``record_as_of``).
    ``enrollment`` is the one of today, or the newest one for a student who has left.
    """

    actor: Actor
    lea_code: str
    today: date
    student: Student
    facts: StudentFacts
    meetings: Sequence[Meeting]
    meetings_elsewhere: Sequence[Meeting]
    answers: Sequence[Answer]
    decisions: Sequence[Decision]
    open_anywhere: Meeting | None
    evaluations: Sequence[Counted]
    archives: Sequence[Archive]
    operations: Sequence[Operation]
    at_state: Sequence[StateRecord]
    should: Sequence[ArchivedRecord]
    findings: Sequence[StateFinding]
    rule_findings: Sequence[RuleFinding]
    dues: Sequence[DueDate]
    referrals: Sequence[Referral]
    referral: Referral | None
    leavings: Sequence[Leaving]
    reports: Sequence[ParticipationReport]
    unsettled: Sequence[Unsettled]
    unseen: Unseen | None
    next_year: Planned | None
    agencies: Mapping[str, str]
    schools: Mapping[str, str]
    directory: Mapping[str, Entry]
    people: Mapping[int, str]
    state_then: StateShown | None = None

    @property
    def held_then(self) -> list[StateRecord]:
        return self.state_then.then.records if self.state_then else []

    @property
    def enrollment(self) -> Enrollment | None:
        here = [e for e in self.facts.enrollments if e.lea_code == self.lea_code]
        newest = max(here, key=lambda e: e.started_on, default=None)
        return self.facts.enrollment_on(self.today, self.lea_code) or newest

    @property
    def is_enrolled_here(self) -> bool:
        return self.facts.enrollment_on(self.today, self.lea_code) is not None

    @property
    def still_elsewhere(self) -> str:
        """Code of another agency of this installation where the student is enrolled too; empty text for none."""
        code = self.facts.still_at(self.today, self.lea_code)
        return code if code in self.agencies else ""

    @property
    def plan(self) -> Plan | None:
        return self.facts.plan_on(self.today)

    @property
    def known_meetings(self) -> list[Meeting]:
        """Meetings here and the finalized ones elsewhere, newest first."""
        return sorted([*self.meetings, *self.meetings_elsewhere], key=meeting_day, reverse=True)

    @property
    def open_meeting(self) -> Meeting | None:
        return next((m for m in self.meetings if m.state in OPEN_STATES), None)

    @property
    def age(self) -> str:
        """``8 y 9 m``, in completed years and months; empty without a birth date."""
        born = self.student.birth_on
        if born is None:
            return ""
        months = (self.today.year - born.year) * 12 + self.today.month - born.month
        if self.today.day < born.day:
            months -= 1
        return f"{months // 12} y {months % 12} m"

    def agency(self, code: str) -> str:
        return f"{code} {self.agencies.get(code, '')}".strip()

    @property
    def ask(self) -> Asked:
        """Whom to ask about the record that is read."""
        return coordinator_to_ask(self.actor, self.lea_code, self.agency_name(self.lea_code))

    def agency_name(self, code: str) -> str:
        """The name alone; of an agency that is not of this installation its code."""
        return self.agencies.get(code, f"LEA {code}")

    def school_of(self, enrollment: Enrollment) -> str:
        """The school, or the nonpublic school where the student is placed in one."""
        if enrollment.nps_code:
            return self.agencies.get(enrollment.nps_code, f"Nonpublic school {enrollment.nps_code}")
        return self.schools.get(enrollment.school_code, enrollment.school_code)

    def meeting_url(self, meeting: Meeting) -> str | None:
        """Where the meeting is read: its archive once it is finalized, its form while it is open."""
        if meeting.lea_code != self.lea_code:
            return None
        if meeting.state == "finalized":
            archive = self.archive_of(meeting)
            return url_or_none("archive", archive.public_id) if archive else None
        return url_or_none("meeting", meeting.public_id)

    def archive_of(self, meeting: Meeting) -> Archive | None:
        """The archive that stands for a finalized meeting; one taken over is found by its day."""
        for archive in self.archives:
            if archive.cause in ("meeting", "procedure") and archive.cause_id == meeting.pk:
                return archive
        if meeting.source == "meeting":
            return None
        on_day = (a for a in self.archives if a.cause == "take_over" and a.event_on == meeting.held_on)
        return next(on_day, None)


def meeting_day(meeting: Meeting) -> date:
    """The day a meeting stands at: held, still to come, or the day it was opened."""
    return meeting.held_on or meeting.pending_on or _opened_on(meeting)


def load_student(actor: Actor, public_id: uuid.UUID) -> StudentFile:
    """Read the file of one student. Raises ``Http404`` when there is none within the actor's scope."""
    student = get_student(actor, public_id)
    rows = rows_of_student(actor, student)
    # Which LEA's is shown is known only now.
    facts = rows.own.facts()
    lea = lea_of(actor, facts, clock.today())
    meetings = [m for m in rows.meetings if m.lea_code == lea]
    elsewhere = [
        m for m in rows.meetings if m.lea_code != lea and m.state == "finalized" and _is_seen(m, student)
    ]
    _stop_clocks(student, meetings)
    referrals = [one for one in rows.referrals if one.lea_code == lea]
    archives = [a for a in rows.archives if a.lea_code == lea]
    codes = {e.lea_code for e in facts.enrollments} | {e.nps_code for e in facts.enrollments}
    codes |= {p.dsea_code for p in facts.plans} | {p.lea_code for p in facts.plans} | {lea}
    codes |= {m.lea_code for m in elsewhere} | codes_of_residence(facts)
    planned = rows.coming.of(student.pk) if rows.coming else None
    places = [planned.place] if planned and planned.place else []
    codes |= {one.agency_code for one in places}
    people = {facts.case_manager_id, *(m.opened_by_id for m in meetings), *(a.by_id for a in archives)}
    people |= people_in([planned] if planned else []) | {one.by_id for one in facts.residences}
    if rows.unseen and (after := rows.unseen.after_own):
        people.add(after.by_id)
    agencies = agency_rows(codes - {""})
    schools = school_rows({one.school_code for one in (*facts.enrollments, *places)} - {""})
    users = user_name_rows({person for person in people if person is not None})
    read_together(agencies, schools, users)
    return StudentFile(
        actor=actor,
        lea_code=lea,
        today=clock.today(),
        student=student,
        facts=facts,
        meetings=meetings,
        meetings_elsewhere=elsewhere,
        answers=rows.answers,
        decisions=rows.decisions,
        open_anywhere=next((m for m in rows.meetings if m.state in OPEN_STATES), None),
        evaluations=_evaluations([*meetings, *elsewhere], facts),
        archives=archives,
        operations=[o for o in rows.operations if o.lea_code == lea],
        at_state=[r for r in rows.at_state if r.lea_code == lea],
        should=reported_of(rows.statuses, (r for r in rows.records if r.lea_code == lea)).get(student.pk, []),
        findings=[f for f in rows.findings if f.lea_code == lea],
        rule_findings=gravest_first(f for f in rows.rule_findings if f.lea_code == lea),
        dues=[one for one in rows.dues if one.lea_code == lea],
        referrals=referrals,
        referral=waiting_in(referrals, rows.meetings),
        leavings=[one for one in rows.leavings if one.lea_code == lea],
        reports=[one for one in rows.reports if one.lea_code == lea],
        unsettled=unsettled_in(rows.unsettled).get((student.pk, lea), []),
        unseen=rows.unseen,
        next_year=planned,
        agencies={code: name for code, name, *_ in agencies},
        schools=GROUP_SCHOOLS | {code: name for code, name, *_ in schools},
        directory=entries_in(schools, agencies),
        people=dict(users),
    )


def codes_of_residence(facts: StudentFacts) -> set[str]:
    """Districts of residence whose names a record shows."""
    return {one.residence_code for one in facts.enrollments} | {one.agency_code for one in facts.residences}


def _evaluations(meetings: Sequence[Meeting], facts: StudentFacts) -> list[Counted]:
    """Newest first. Asks for no calendar where there is nothing to count."""
    begun = sorted((m for m in meetings if m.consent_on), key=meeting_day, reverse=True)
    schools = {}
    for meeting in begun:
        meeting.student = facts.student
        here = facts.enrollment_on(clock.today(), meeting.lea_code)
        schools[facts.student.pk, meeting.lea_code] = here.school_code if here else ""
    return count_evaluations(begun, load_calendars({m.lea_code for m in begun}), schools) if begun else []


def _is_seen(meeting: Meeting, student: Student) -> bool:
    """A former LEA sees meetings of others that were held, and known here, while the student was here."""
    through = student.seen_through
    return through is None or (
        meeting.held_on is not None and max(meeting.held_on, _opened_on(meeting)) <= through
    )


def newest_held(meetings: Iterable[Meeting]) -> tuple[date | None, date | None]:
    """The last plan review and the last evaluation among the finalized ones; an initial evaluation is both."""
    held = [m for m in meetings if m.state == "finalized" and m.held_on is not None]
    initial = ("10", "15")
    return (
        max((m.held_on for m in held if m.is_plan_review or m.evaluation_type_code in initial), default=None),
        max((m.held_on for m in held if m.evaluation_type_code in ("40", *initial)), default=None),
    )


def _stop_clocks(student: Student, meetings: Sequence[Meeting]) -> None:
    """Of a student who has left, the dates of the last meetings here; the clocks run elsewhere. Not saved."""
    if student.seen_through is None:
        return
    student.last_plan_review_on, student.last_evaluation_on = newest_held(meetings)
    student.plan_review_due_on = student.evaluation_due_on = None


def _opened_on(meeting: Meeting) -> date:
    return meeting.opened_at.astimezone(clock.CALIFORNIA).date()


def lea_of(actor: Actor, facts: StudentFacts, day: date) -> str:
    """The LEA whose records the actor reads of this student, as it is on ``day``."""
    read = actor.record_leas
    if read is not None and actor.agency_code in read:
        return actor.agency_code
    here, plan = facts.enrollment_on(day), facts.plan_on(day)
    codes = [fact.lea_code for fact in (here, plan, *reversed(facts.enrollments)) if fact is not None]
    return next((code for code in codes if read is None or code in read), "")


ONE_DAY = timedelta(days=1)
