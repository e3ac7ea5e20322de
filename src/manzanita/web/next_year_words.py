"""What is known of the next school year, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.accounts.queries import user_names
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.platform.facts import Fact
from manzanita.procedures.batch_next_setting import setting_words
from manzanita.procedures.next_year import Planned, next_first_day
from manzanita.students.listing import ListRow
from manzanita.students.models import CaseAssignment, TeamMember
from manzanita.ui.formats import us_date
from manzanita.web.students_words import grade_text


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the next year: what, its value, from which day on, who says so. ``word`` is how sure it is."""

    what: str
    value: str
    starts_on: date
    source: str
    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class Names:
    """Names of schools, agencies and people, looked up once."""

    agencies: Mapping[str, str]
    schools: Mapping[str, str]
    people: Mapping[int, str]

    @classmethod
    def of(cls, planned: Iterable[Planned], rows: Sequence[ListRow] = ()) -> Names:
        known = list(planned)
        sent = [one for each in known for one in each.enrollments]
        places = [each.place for each in known if each.place is not None]
        people = people_in(known)
        schools = {one.school_code for one in [*sent, *places]}
        schools |= {row.enrollment.school_code for row in rows if row.enrollment}
        return cls(
            agency_names({one.lea_code for one in sent} | {one.agency_code for one in places} - {""}),
            school_names(schools - {""}),
            user_names(people),
        )

    def school(self, code: str) -> str:
        return self.schools.get(code, code)

    def place(self, agency: str, school: str) -> str:
        district = self.agencies.get(agency, agency)
        return f"{self.school(school)}, {district}" if school else f"{district}, school not known yet"


def people_in(known: Iterable[Planned]) -> set[int]:
    """Keys of everybody who planned something of it, or is to have the case or be on the team."""
    rows = [one for each in known for one in each.stated]
    found = {one.by_id for one in rows if one.by_id is not None}
    return found | {one.user_id for one in rows if isinstance(one, CaseAssignment | TeamMember)}


def rows_of(planned: Planned, names: Names) -> Iterator[Row]:
    """What is planned and what was sent, the planned first."""
    begins = next_first_day(clock.today())
    if (place := planned.place) is not None:
        value = names.place(place.agency_code, place.school_code)
        yield _planned("School", value, begins, place, names)
    if (grade := planned.grade) is not None:
        yield _planned("Grade", grade_text(grade.grade_code), begins, grade, names)
    if (setting := planned.setting) is not None:
        value = setting_words(setting.program_setting_code, setting.general_education_percent)
        yield _planned("Program setting", value, setting.starts_on, setting, names)
    for manager in planned.managers:
        value = names.people.get(manager.user_id, "somebody")
        yield _planned("Case manager", value, manager.effective_from, manager, names)
    for member in planned.team:
        value = ", ".join(filter(None, (names.people.get(member.user_id, "somebody"), member.role)))
        yield _planned("Team", value, member.effective_from, member, names)
    for sent in planned.enrollments:
        value = f"{names.place(sent.lea_code, sent.school_code)}, grade {grade_text(sent.grade_code)}"
        yield Row(
            "Enrollment",
            value,
            sent.started_on,
            f"SIS, known on {us_date(sent.recorded_at)}",
            "ok",
            "To come",
        )


def _planned(what: str, value: str, starts_on: date, one: Fact, names: Names) -> Row:
    return Row(what, value, starts_on, planned_by(one, names.people), "progress", "Planned")


def planned_by(one: Fact, people: Mapping[int, str]) -> str:
    """“Planned on 11/23/2026 by Juniper Mockup”."""
    by = people.get(one.by_id or 0, "")
    return f"Planned on {us_date(one.recorded_at)}" + (f" by {by}" if by else "")
