"""What is known of the next school year, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.accounts.queries import user_names
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.procedures.next_year import Planned, next_first_day
from manzanita.students.listing import ListRow
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
        stated = [one for each in known for one in (each.place, each.grade) if one is not None]
        schools = {one.school_code for one in [*sent, *places]}
        schools |= {row.enrollment.school_code for row in rows if row.enrollment}
        return cls(
            agency_names({one.lea_code for one in sent} | {one.agency_code for one in places} - {""}),
            school_names(schools - {""}),
            user_names({one.by_id for one in stated if one.by_id is not None}),
        )

    def school(self, code: str) -> str:
        return self.schools.get(code, code)

    def place(self, agency: str, school: str) -> str:
        district = self.agencies.get(agency, agency)
        return f"{self.school(school)}, {district}" if school else f"{district}, school not known yet"


def rows_of(planned: Planned, names: Names) -> Iterator[Row]:
    """What is planned and what was sent, the planned first."""
    begins = next_first_day(clock.today())
    for what, one, value in (
        ("School", planned.place, names.place(planned.place.agency_code, planned.place.school_code))
        if planned.place
        else ("", None, ""),
        ("Grade", planned.grade, grade_text(planned.grade.grade_code)) if planned.grade else ("", None, ""),
    ):
        if one is not None:
            by = names.people.get(one.by_id or 0, "")
            source = f"Planned on {us_date(one.recorded_at)}" + (f" by {by}" if by else "")
            yield Row(what, value, begins, source, "progress", "Planned")
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
