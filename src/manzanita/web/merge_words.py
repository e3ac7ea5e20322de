"""What two records of one student say, side by side, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from manzanita.accounts.queries import user_names
from manzanita.domain.codes import code_set
from manzanita.domain.merging import Side
from manzanita.domain.records import SSID_FIELD
from manzanita.exchange.merging import StateHeld
from manzanita.exchange.models import Operation
from manzanita.orgs.queries import school_names
from manzanita.platform.facts import Fact
from manzanita.platform.holders import Fate, holders
from manzanita.procedures.merging import Preview
from manzanita.students.actions import FACT_MODELS
from manzanita.students.merging_differences import Difference
from manzanita.students.merging_enrollments import Twice, enrolled_twice, has_days_left
from manzanita.students.merging_held import Held, choice_key
from manzanita.students.merging_statements import enrollments_after
from manzanita.students.models import Enrollment, Merge, Student
from manzanita.ui.formats import plural, us_date
from manzanita.web.state_lines import summary
from manzanita.web.students_words import grade_text

LABELS = {
    "name": "Name",
    "birth_on": "Birth date",
    "gender_code": "Gender",
    "local_sped_id": "Special education ID",
    "ssid": "SSID of now",
    "status": "Special education status",
    "plan": "Plan and services",
    "assignment": "Case manager",
    "team": "Team",
    "enrollment": "Enrollment",
    "agency": "Belongs to",
    "contact": "Person",
    "rights": "Person",
}
# In the order in which they are compared; services stand with their plan, rights with their person.
KINDS = ("ssid", "enrollment", "status", "plan", "assignment", "team", "agency", "contact")
FATES = {
    Side.STAYS: "as on the left",
    Side.OTHER: "as on the right",
}
STATE_RECORDS = ("SWDS", "MEET", "PLAN", "SERV")
_OPERATION_WORDS = {"add": "Add", "replace": "Replace", "delete": "Delete"}


def was_words(merge: Merge, *, is_other: bool) -> str:
    """Who one of the two records was before they were put together: two of one name are told apart by SSID, local ID
    and school."""
    student = merge.other if is_other else merge.student

    def keys_of(part: str, kind: str) -> list[int]:
        return merge.written.get(part, {}).get(kind, [])

    def rows(kind: str) -> list[Any]:
        keys = keys_of("emptied", kind)
        if not is_other:
            inserted = set(keys_of("inserted", kind))
            keys = [pk for pk in keys_of("after", kind) if pk not in inserted] + keys_of("closed", kind)
        return list(FACT_MODELS[kind]._base_manager.filter(pk__in=keys).order_by("effective_from"))

    ssids, enrollments = rows("ssid"), rows("enrollment")
    newest = enrollments[-1] if enrollments else None
    school = newest and school_names({newest.school_code}).get(newest.school_code, newest.school_code)
    parts = (
        student.full_name,
        f"SSID {ssids[-1].ssid}" if ssids else "no SSID",
        f"local ID {newest.local_student_id}" if newest and newest.local_student_id else "",
        school or "no enrollment",
    )
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of both records: what each says, and what will stand. ``key`` is set where it has to be chosen,
    ``is_own_choice`` where somebody has chosen otherwise than was proposed."""

    label: str
    stays: str
    other: str
    outcome: str
    key: str = ""
    chosen: str = ""
    why: str = ""
    is_own_choice: bool = False

    @property
    def is_choice(self) -> bool:
        return bool(self.key)


class Words:
    """Words for the facts of one page: names of people and schools are looked up once."""

    def __init__(self, held: Mapping[str, Sequence[Held]]) -> None:
        rows: list[Any] = [
            row for slots in held.values() for one in slots for row in (*one.stays, *one.other)
        ]
        self._people = user_names({row.user_id for row in rows if hasattr(row, "user_id")})
        self._schools = school_names(
            {row.school_code for row in rows if getattr(row, "school_code", "")} - {""}
        )

    def of(self, kind: str, row: Any) -> str:
        words = {
            "ssid": lambda: row.ssid,
            "enrollment": lambda: self._enrollment(row),
            "status": lambda: _status(row),
            "plan": lambda: _plan(row),
            "assignment": lambda: self._people.get(row.user_id, "somebody"),
            "team": lambda: ", ".join(filter(None, [self._people.get(row.user_id, "somebody"), row.role])),
            "agency": lambda: f"{row.relationship.replace('_', ' ')}: {row.agency_code}",
            "contact": lambda: ", ".join(filter(None, [row.name, row.relation, _reached(row)])),
            "rights": lambda: row.kind_code.replace("_", " "),
        }[kind]()
        return f"{words}, {_days(row)}"

    def all_of(self, kind: str, rows: Iterable[Fact]) -> str:
        return "; ".join(self.of(kind, row) for row in rows)

    def _enrollment(self, row: Any) -> str:
        school = self._schools.get(row.school_code, row.school_code or row.lea_code)
        local = f", local ID {row.local_student_id}" if row.local_student_id else ""
        return f"{school}, grade {grade_text(row.grade_code)}{local}"


def _status(row: Any) -> str:
    label = code_set("SpecialEducationStatus").label(row.status_code)
    return f"{label}, reported by {row.lea_code}"


def _plan(row: Any) -> str:
    disability = code_set("Disability").label(row.disability_1_code) if row.disability_1_code else ""
    return ", ".join(filter(None, [code_set("EducationPlanType").label(row.plan_type_code), disability]))


def _reached(row: Any) -> str:
    return "address kept confidential" if row.confidential_code else row.phone


def _days(row: Fact) -> str:
    end = f" to {us_date(row.effective_to)}" if row.effective_to else ""
    return f"from {us_date(row.effective_from)}{end}"


def lines_of(look: Preview) -> list[Line]:
    """Everything of the two records, what has to be chosen with its choice."""
    words = Words(look.held)
    chosen = {one.key: one for one in look.differences}
    lines = [
        _identity_line(look, key, chosen.get(key))
        for key in ("name", "birth_on", "gender_code", "local_sped_id")
    ]
    twice = enrolled_twice(look.held["enrollment"])
    lines += [line for one in twice for line in _twice_lines(look, words, one, chosen)]
    for kind in KINDS:
        for one in look.held[kind]:
            if any(doubled.has(one) for doubled in twice):
                continue
            lines.append(_fact_line(look, words, one, chosen))
    proposed = {one.key: str(one.chosen) for one in look.differences}
    return [
        replace(line, is_own_choice=line.is_choice and line.chosen != proposed.get(line.key))
        for line in lines
        if line.stays or line.other
    ]


def _identity_line(look: Preview, key: str, difference: Difference | None) -> Line:
    a, b = (_identity(one, key) for one in (look.stays, look.other))
    if difference is None:
        outcome = a or b
        return Line(LABELS[key], a, b, "the same" if a == b else f"{outcome}: only one has it")
    side = look.choices[key]
    return Line(LABELS[key], a, b, b if side is Side.OTHER else a, key, str(side), difference.why)


def _identity(student: Student, key: str) -> str:
    if key == "name":
        parts = (student.first_name, student.middle_name, student.last_name, student.suffix)
        return " ".join(part for part in parts if part)
    value = getattr(student, key)
    if isinstance(value, date):
        return us_date(value)
    return code_set("Gender").label(value) if key == "gender_code" and value else str(value or "")


def _fact_line(look: Preview, words: Words, one: Held, chosen: Mapping[str, Difference]) -> Line:
    key = choice_key(one)
    a, b = words.all_of(one.kind, one.stays), words.all_of(one.kind, one.other)
    label = LABELS[one.kind]
    difference = chosen.get(key)
    if difference is not None:
        side = look.choices[key]
        return Line(label, a, b, FATES[side], key, str(side), difference.why)
    if a and b:
        return Line(label, a, b, "the same" if a == b else "both, each for its days")
    return Line(label, a, b, "stays" if a else "comes along")


def _twice_lines(look: Preview, words: Words, two: Twice, chosen: Mapping[str, Difference]) -> Iterator[Line]:
    """Of two primary enrollments on the same days, which goes on, whether the other ended or never was, and the days
    of each after that."""
    difference = chosen[two.key]
    side = look.choices[two.key]
    a, b = (words.all_of("enrollment", rows) for rows in (difference.stays, difference.other))
    yield Line(
        "Enrollment that goes on",
        a,
        b,
        f"{FATES[side]}. {_days_after(look, two)} A student has one primary enrollment a day.",
        two.key,
        str(side),
        difference.why,
    )
    void = chosen.get(two.void_key)
    # What has no day of its own is taken away; there is nothing to choose.
    if void is not None and has_days_left(two, side):
        is_void = look.choices[two.void_key] is Side.OTHER
        yield Line(
            "The one that does not go on",
            "It ended: its own days stay",
            "It never was: it is taken away",
            "it is taken away" if is_void else "its own days stay",
            two.void_key,
            str(look.choices[two.void_key]),
            void.why,
        )


def _days_after(look: Preview, two: Twice) -> str:
    """The first and last day of each enrollment of the LEA as it will stand, and those that will not."""
    after = enrollments_after(look.held["enrollment"], look.choices)
    told = []
    for key, spans in sorted(after.items()):
        if key[0] == two.lea_code:
            told += [
                f"{_local_id(span)}{us_date(span.start)} to {us_date(span.end) if span.end else 'open'}"
                for span in spans
            ]
    gone = [
        f"{row.local_student_id or 'the one'} of {us_date(row.started_on)}"
        for one in (*two.stays, *two.other)
        if one.key not in after
        for row in (one.stays or one.other)[-1:]
    ]
    text = f"Then enrolled: {'; '.join(told)}."
    return f"{text} Taken away: {', '.join(gone)}." if gone else text


def _local_id(span: Any) -> str:
    local = dict(zip(Enrollment.content, span.value, strict=True))["local_student_id"]
    return f"{local}, " if local else ""


def moves_of(look: Preview) -> list[str]:
    """How much of each table moves: ``2 meetings``."""
    return [_counted(count, holder.words) for holder, count in look.moves]


def moved_words(moved: Mapping[str, Sequence[int]]) -> list[str]:
    """The same of a merge that was made, by the keys of its rows."""
    words = {one.table: one.words for one in holders(Fate.MOVES)}
    return [_counted(len(keys), words[table]) for table, keys in moved.items() if keys]


def _counted(count: int, words: str) -> str:
    return plural(count, words, _plural(words))


def _plural(words: str) -> str:
    irregular = {
        "attempt to reach the family": "attempts to reach the family",
        "record that the state holds or held": "records that the state holds or held",
        "line sent to the state": "lines sent to the state",
        "choice of what is reported": "choices of what is reported",
        "answer of the state": "answers of the state",
        "guest who was let in": "guests who were let in",
        "request of another district": "requests of other districts",
        "name to be found by": "names to be found by",
    }
    return irregular.get(words, f"{words}s")


def held_words(held: StateHeld) -> list[tuple[str, str]]:
    """Per SSID of a record what the state holds under it: ``[("9900000005", "1 SWDS, 2 PLAN")]``."""
    found = []
    for ssid in dict.fromkeys(held.ssids):
        counts = Counter(one.record for one in held.under(ssid))
        words = ", ".join(f"{counts[record]} {record}" for record in STATE_RECORDS if counts[record])
        found.append((ssid, words or "nothing"))
    return found


def steps_of(steps: Sequence[Operation]) -> list[str]:
    """What would be sent, in order, in words."""
    return [
        f"{_OPERATION_WORDS[one.kind]} {one.record} of {us_date(one.key_on)} under {_ssid(one)}: "
        f"{summary(one.record, one.values)}"
        for one in steps
    ]


def _ssid(one: Operation) -> str:
    return one.values.get(SSID_FIELD[one.record]) or "no SSID yet"
