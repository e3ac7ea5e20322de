"""Each change as one line in plain words: who or what, what it was, which values moved, when, where it is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse

from manzanita.accounts.queries import user_names
from manzanita.arrivals.models import Arrival
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FieldDeclaration
from manzanita.domain.record_fields import DECLARED
from manzanita.exchange.queries import import_runs_by_key
from manzanita.orgs.queries import agency_names, school_names
from manzanita.procedures.news import Answer, FoundOrGone, Rows, Window, is_by_night, is_told
from manzanita.students.models import Enrollment, Plan, Service, SpecialEducationStatus, Ssid, Student
from manzanita.students.transfer_facts import SIS_CAUSE
from manzanita.ui.formats import plural, us_date, us_dates
from manzanita.web.field_history import MODELS, STUDENT_LABELS, identity_text, is_replaced_by
from manzanita.web.students_words import ACTION_WORDS, grade_text, perspective_words

# An act and the facts that it stated are written in one transaction, moments apart.
_TOGETHER = timedelta(seconds=60)
_MOST_MOVED = 8
OPERATIONS = {"add": "Addition", "replace": "Replacement", "delete": "Deletion"}
FINDING_WORDS = {
    "opened": "A finding opened",
    "returned": "A dismissed finding is open again",
    "closed": "A finding closed",
}
ARRIVAL_WORDS = {
    "arriving": "Arrived, with a plan",
    "returning": "Returned to us",
    "unserved": "Arrived, eligible and without a plan",
    "look": "Arrived, and needs a look",
}


# By kind of fact, each column whose change is told: what names the row and not its content is left out.
FIELDS: Mapping[type, list[FieldDeclaration]] = {
    model: [
        one
        for one in DECLARED.values()
        if MODELS.get(one.holder) is model
        and one.attribute not in ("started_on", "effective_from", "lea_code")
    ]
    for model in (Enrollment, Ssid, SpecialEducationStatus, Plan, Service)
}


@dataclass(frozen=True, slots=True)
class Moved:
    """One field and its values; ``was`` is empty where there was none."""

    label: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A fact that nothing stood for before, in one line; its fields are folded."""

    words: str
    fields: list[Moved]


@dataclass(slots=True)
class Line:
    """One change. ``origin`` is a key of ``procedures.news.ORIGINS``; ``what`` is blank where ``begun`` says it."""

    at: datetime
    origin: str
    who: str
    what: str
    url: str
    url_label: str
    moved: list[Moved] = field(default_factory=list)
    begun: list[Begun] = field(default_factory=list)
    note: str = ""
    kind: str = "empty"
    # Somebody else's act after one of the reader's own: when that was.
    after_own: datetime | None = None


def lines_of(
    actor: Actor, window: Window, rows: Rows, students: Mapping[int, Student]
) -> dict[int, list[Line]]:
    """The changes of each student, newest first; four queries for any number."""
    words = _Words(actor, rows, students)
    found: dict[int, list[Line]] = defaultdict(list)
    if window.origin in ("", "sis"):
        for student_id, line in (*words.sis_lines(window), *words.identity_lines()):
            found[student_id].append(line)
    stated = words.stated_by_act(window)
    for act in rows.acts:
        if act.student_id in students and is_told(actor, rows, act.student_id, act.lea_code):
            found[act.student_id].append(words.act_line(act, stated.get(act.pk, [])))
    for answer in rows.answers:
        if answer.student_id in students:
            found[answer.student_id].append(words.answer_line(answer))
    for one in rows.findings:
        if one.student_id in students:
            found[one.student_id].append(words.finding_line(one))
    for arrival in rows.arrivals:
        if arrival.student_id in students:
            found[arrival.student_id].append(words.arrival_line(arrival))
    return {pk: sorted(lines, key=lambda one: one.at, reverse=True) for pk, lines in found.items()}


class _Words:
    """Names and labels for one page, each looked up once."""

    def __init__(self, actor: Actor, rows: Rows, students: Mapping[int, Student]) -> None:
        self.actor, self.rows, self.students = actor, rows, students
        # Who may not read a student without saying what for is told that values moved, not which.
        self.tells_values = not actor.perspective.asks_purpose
        self.people = user_names({a.actor_user_id for a in rows.acts if a.actor_user_id is not None})
        codes = {getattr(row, "lea_code", "") for row in rows.versions} | {a.lea_code for a in rows.acts}
        codes |= {row.nps_code for row in rows.versions if isinstance(row, Enrollment)}
        codes |= {row.dsea_code for row in rows.versions if isinstance(row, Plan)}
        self.agencies = agency_names(codes - {""})
        self.schools = school_names(
            {row.school_code for row in rows.versions if isinstance(row, Enrollment)} - {""}
        )
        stated = (*rows.versions, *rows.identities)
        causes = {row.cause for row in stated if row.cause.startswith(SIS_CAUSE)}
        self.runs = import_runs_by_key([int(cause.removeprefix(SIS_CAUSE)) for cause in causes])
        self.by_slot: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for row in rows.versions:
            self.by_slot[_slot_of(row)].append(row)

    def _page(self, student_id: int, tab: str) -> str:
        return f"{reverse('student', args=[self.students[student_id].public_id])}?tab={tab}"

    def sis_lines(self, window: Window) -> Iterator[tuple[int, Line]]:
        """One for each file, kind of fact, student and LEA."""
        grouped: dict[tuple[int, type, str, str], list[Any]] = defaultdict(list)
        for row in self.rows.versions:
            is_here = row.student_id in self.students and window.since < row.recorded_at <= window.until
            is_here = is_here and (row.student_id, row.recorded_at) not in self.rows.moved
            is_here = is_here and row.cause not in window.load_causes
            if is_here and row.cause.startswith(SIS_CAUSE):
                lea = getattr(row, "lea_code", "")
                if is_told(self.actor, self.rows, row.student_id, lea):
                    grouped[row.student_id, type(row), row.cause, lea].append(row)
        for (student_id, model, cause, lea), versions in grouped.items():
            run = self.runs.get(int(cause.removeprefix(SIS_CAUSE)))
            of_day = f" of {us_date(run.created_at)}" if run else ""
            of_whom = f", {self.agencies.get(lea, lea)}" if lea and lea != self.actor.agency_code else ""
            is_new = all(self._before(row) is None for row in versions)
            what = "SSID" if model is Ssid else "Enrollment"
            values = self._values(versions)
            if values.get("begun") and not values.get("moved"):
                words = ""
            else:
                words = f"New {what if model is Ssid else what.lower()}" if is_new else f"{what} changed"
            address = reverse("student_enrollments", args=[self.students[student_id].public_id])
            yield (
                student_id,
                Line(
                    max(row.recorded_at for row in versions),
                    "sis",
                    f"SIS file{of_day}{of_whom}",
                    words,
                    address if model is Enrollment else self._page(student_id, "record"),
                    "Enrollments" if model is Enrollment else "Record",
                    **values,
                ),
            )

    def identity_lines(self) -> Iterator[tuple[int, Line]]:
        """Name, birth date or gender became another by a file, what was and what is."""
        for row in self.rows.identities:
            if row.student_id not in self.students or not is_told(self.actor, self.rows, row.student_id, ""):
                continue
            run = self.runs.get(int(row.cause.removeprefix(SIS_CAUSE)))
            moved = [
                Moved(STUDENT_LABELS[name], identity_text(name, row.was[name]), identity_text(name, value))
                for name, value in row.became.items()
            ]
            yield (
                row.student_id,
                Line(
                    row.recorded_at,
                    "sis",
                    f"SIS file{f' of {us_date(run.created_at)}' if run else ''}",
                    "Name, birth date or gender changed",
                    self._page(row.student_id, "history"),
                    "History",
                    moved=moved if self.tells_values else [],
                    note=""
                    if self.tells_values
                    else f"{plural(len(moved), 'field')}: open the student to see which",
                    kind="warn",
                ),
            )

    def stated_by_act(self, window: Window) -> dict[int, list[Any]]:
        """What each act stated: facts of the same person about the same student at that moment."""
        acts: dict[tuple[int | None, int | None], list[ChangeEvent]] = defaultdict(list)
        for act in self.rows.acts:
            acts[act.student_id, act.actor_user_id].append(act)
        stated: dict[int, list[Any]] = defaultdict(list)
        for row in self.rows.versions:
            near = [
                (abs(act.at - row.recorded_at), -act.pk)
                for act in acts.get((row.student_id, row.by_id), [])
                if abs(act.at - row.recorded_at) <= _TOGETHER
            ]
            is_here = window.since < row.recorded_at <= window.until
            if near and is_here and not row.cause.startswith(SIS_CAUSE):
                stated[-min(near)[1]].append(row)
        return stated

    def act_line(self, act: ChangeEvent, stated: Sequence[Any]) -> Line:
        name = self.people.get(act.actor_user_id or 0, "Somebody")
        ours = {self.actor.agency_code, *self.actor.agency_codes}
        if is_by_night(act):
            by = f", planned by {name}" if act.actor_user_id is not None else ""
            origin, who = "upkeep", f"Nightly upkeep{by}"
        elif act.lea_code in ours:
            origin, who = "people", f"{name}, {perspective_words(act.actor_label)}"
        else:
            origin, who = "districts", f"{self.agencies.get(act.lea_code, act.lea_code)}: {name}"
        assert act.student_id is not None
        url, label = self._place(act, act.student_id)
        what = ACTION_WORDS.get(act.action, act.action.replace("_", " ").capitalize())
        if act.action == "record_decision" and self.tells_values:
            what += _decided(act.detail)
        values = self._values(stated)
        if act.reason and self.tells_values:
            values["note"] = f"“{act.reason}”"
        is_other = act.actor_user_id != self.actor.user_id and origin != "upkeep"
        after_own = self.rows.own_before(act.student_id, act.at) if is_other else None
        return Line(act.at, origin, who, what, url, label, **values, after_own=after_own)

    def _place(self, act: ChangeEvent, student_id: int) -> tuple[str, str]:
        app = act.subject_type.partition(".")[0]
        if act.subject_type == "findings.rulefinding" and act.subject_id:
            return reverse("settle_finding", args=[act.subject_id]), "Finding"
        if act.action.endswith(("_contact", "_rights")) or act.action == "assign_student":
            return reverse("people", args=[self.students[student_id].public_id]), "People"
        if app == "meetings":
            return self._page(student_id, "meetings"), "Meetings"
        if app == "exchange":
            return self._page(student_id, "state"), "State"
        return self._page(student_id, "history"), "History"

    def answer_line(self, answer: Answer) -> Line:
        what = f"{OPERATIONS.get(answer.kind, answer.kind)} of {answer.record} {answer.outcome}"
        codes = ", ".join(sorted({str(one.get("code", "")) for one in answer.errors} - {""}))
        return Line(
            answer.at,
            "state",
            "The state",
            f"{what}: {codes}" if codes and answer.outcome == "rejected" else what,
            self._page(answer.student_id, "state"),
            "State",
            kind="ok" if answer.outcome == "posted" else "fatal",
        )

    def finding_line(self, one: FoundOrGone) -> Line:
        kind = "ok" if one.kind == "closed" else {"fatal": "fatal"}.get(one.severity, "warn")
        return Line(
            one.at,
            "upkeep",
            f"Rule {one.rule_code}",
            f"{FINDING_WORDS[one.kind]} ({one.record})",
            reverse("settle_finding", args=[one.pk]),
            "Finding",
            note=us_dates(one.message) if self.tells_values else "",
            kind=kind,
        )

    def arrival_line(self, arrival: Arrival) -> Line:
        may_settle = self.actor.may(Capability.CORRECT_RECORD)
        return Line(
            arrival.found_at,
            "upkeep",
            "The look for arrivals",
            f"{ARRIVAL_WORDS[arrival.kind]}: enrolled {us_date(arrival.enrolled_on)}",
            reverse("arrival", args=[arrival.public_id])
            if may_settle
            else self._page(arrival.student_id, "record"),
            "Arrival" if may_settle else "Record",
            kind="warn",
        )

    def _values(self, versions: Sequence[Any]) -> dict[str, Any]:
        """What these versions say: of a fact that begins one line, of another each field that moved."""
        moved: list[Moved] = []
        begun: list[Begun] = []
        for row in versions:
            words = self._begins(row)
            if words:
                begun.append(Begun(words, self._moved(row)))
            else:
                moved += [replace(one, label=self._whose(row) + one.label) for one in self._moved(row)]
        if not self.tells_values:
            count = len(moved) + sum(len(one.fields) for one in begun)
            return {"note": f"{plural(count, 'field')}: open the student to see which" if count else ""}
        note = f"and {plural(len(moved) - _MOST_MOVED, 'more field')}" if len(moved) > _MOST_MOVED else ""
        return {"moved": moved[:_MOST_MOVED], "begun": begun, "note": note}

    def _begins(self, row: Any) -> str:
        """A fact before which nothing stood, in one line; blank of another, and of an SSID, which is one field."""
        if self._before(row) is not None or isinstance(row, Ssid):
            return ""
        declared = {one.attribute: one for one in FIELDS[type(row)]}

        def word(attribute: str) -> str:
            return self._word(declared[attribute], getattr(row, attribute))

        # An enrollment has a first day of its own: a version of it may begin later.
        days = f"from {us_date(row.started_on if isinstance(row, Enrollment) else row.effective_from)}"
        if row.effective_to is not None:
            days += f" through {us_date(row.effective_to)}"
        if isinstance(row, Enrollment):
            place = word("nps_code") or word("school_code") or self.agencies.get(row.lea_code, row.lea_code)
            grade = f", grade {word('grade_code')}" if row.grade_code else ""
            return f"Enrolled at {place} {days}{grade}"
        if isinstance(row, Plan):
            what = ", ".join(text for name in ("plan_type_code", "disability_1_code") if (text := word(name)))
            return f"Plan {days}: {what}"
        if isinstance(row, Service):
            return f"Service {days}: {word('service_code')}"
        return f"Status {days}: {word('status_code')}"

    def _before(self, row: Any) -> Any:
        return next((one for one in self.by_slot[_slot_of(row)] if is_replaced_by(one, row)), None)

    def _whose(self, row: Any) -> str:
        """A student has several services."""
        return f"{code_set('Service').label(row.service_code)}: " if isinstance(row, Service) else ""

    def _moved(self, row: Any) -> list[Moved]:
        """What this version says otherwise than the one it took the place of; of a new one all that it says."""
        before = self._before(row)
        moved = []
        for one in FIELDS[type(row)]:
            now, was = (
                self._word(one, getattr(version, one.attribute)) if version is not None else ""
                for version in (row, before)
            )
            if now != was:
                moved.append(Moved(one.label, was, now or "blank"))
        if before is None and isinstance(row, Enrollment):
            moved.insert(0, Moved("First day", "", us_date(row.started_on)))
        return moved

    def _word(self, one: FieldDeclaration, value: Any) -> str:
        if isinstance(value, date):
            return us_date(value)
        if not value:
            return ""
        if one.names:
            names = self.agencies if one.names == "agency" else self.schools
            return names.get(value, value)
        if one.attribute == "grade_code":
            return grade_text(value)
        return one.label_of(value)


def _decided(detail: Mapping[str, Any]) -> str:
    """Which item of the offer was decided, and how: ``: service 2, agreed``."""
    if "item" not in detail:
        return ""
    item = str(detail["item"]).replace(".", " ")
    return f": {item}, {'agreed' if detail.get('agreed') else 'declined'}"


def _slot_of(row: Any) -> tuple[Any, ...]:
    return (type(row), *(getattr(row, name) for name in type(row).slot))
