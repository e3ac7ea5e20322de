"""The agencies of the fictitious state: SELPAs with their LEAs, schools, nonpublic and private schools.

The first SELPA, where the demo students live, is written by hand; the others have its shape under other names and
codes. A SELPA takes in a fixed number of students, so that who lives in it does not depend on how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property

from manzanita.synthetic.names import GIVEN_NAMES

STUDENTS_IN_A_SELPA = 10_000
# Two digits number a SELPA in its codes.
MOST_STUDENTS = 99 * STUDENTS_IN_A_SELPA

CHAPARRAL, HERON_CREEK, COUNTY_OFFICE = "9910017", "9910025", "9910010"
_JUNIPER_FLAT, _TOYON_VALLEY, _CONDOR_RIDGE = "9910033", "9910041", "9910058"
_SALAL_POINT, _QUAIL_BUSH, _PLOVER_BEACH = "9910066", "9910074", "9910082"

# School codes that the state gives to all nonpublic and all private schools.
ANY_NONPUBLIC_SCHOOL, ANY_PRIVATE_SCHOOL = "0000001", "0000002"

GRADES = ("IN", "PS", "TK", "KN", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")


@dataclass(frozen=True, slots=True)
class Lea:
    """A district or the county office.

    ``share`` of the SELPA's students live in it, ``offset`` moves its first day of school, in days. Where a district
    ends with grade 8, ``goes_on_in`` is the one that its students go on in.
    """

    code: str
    name: str
    share: float
    offset: int
    goes_on_in: str = ""


@dataclass(frozen=True, slots=True)
class School:
    """A public school with its lowest and highest grade."""

    code: str
    name: str
    lea: str
    lowest: str
    highest: str

    def teaches(self, grade: str) -> bool:
        return GRADES.index(self.lowest) <= GRADES.index(grade) <= GRADES.index(self.highest)


@dataclass(frozen=True, slots=True)
class NongovernmentalSchool:
    """A nonpublic school, or a private one with the district it lies in."""

    code: str
    name: str
    lea: str = ""


@dataclass(frozen=True)
class Selpa:
    """One SELPA: its districts, and the county office with the infant and the regional program."""

    code: str
    name: str
    county_code: str
    districts: tuple[Lea, ...]
    county_office: Lea
    schools: tuple[School, ...]
    nonpublic_schools: tuple[NongovernmentalSchool, ...]
    private_schools: tuple[NongovernmentalSchool, ...]

    @property
    def leas(self) -> tuple[Lea, ...]:
        return (*self.districts, self.county_office)

    @cached_property
    def lea_by_code(self) -> dict[str, Lea]:
        return {lea.code: lea for lea in self.leas}

    @cached_property
    def homes(self) -> dict[str, float]:
        """The districts that students live in, with their shares."""
        return {lea.code: lea.share for lea in self.districts if lea.share}

    @cached_property
    def _schools_by_grade(self) -> dict[tuple[str, str], list[School]]:
        return {
            (lea.code, grade): [
                school for school in self.schools if school.lea == lea.code and school.teaches(grade)
            ]
            for lea in self.leas
            for grade in GRADES
        }

    def schools_for(self, lea: str, grade: str) -> list[School]:
        """Schools of an LEA that teach a grade, in code order; empty when it has none."""
        return self._schools_by_grade[lea, grade]

    def org_rows(self) -> list[tuple[str, ...]]:
        """Its rows of ``orgs.csv`` in the order of :data:`ORG_COLUMNS`."""
        county = self.county_code
        rows = [("selpa", self.code, self.name, "", county, "")]
        rows += [("lea", lea.code, lea.name, self.code, county, "") for lea in self.districts]
        rows.append(("coe", self.county_office.code, self.county_office.name, self.code, county, ""))
        rows += [("school", school.code, school.name, school.lea, county, "") for school in self.schools]
        rows += [("nps", school.code, school.name, "", county, "") for school in self.nonpublic_schools]
        rows += [
            ("private_school", school.code, school.name, school.lea, county, "")
            for school in self.private_schools
        ]
        return rows


FIRST_SELPA = Selpa(
    code="9901",
    name="Manzanita County SELPA",
    county_code="99",
    districts=(
        Lea(CHAPARRAL, "Chaparral Unified", 0.44, -4),
        Lea(HERON_CREEK, "Heron Creek Unified", 0.22, 0),
        Lea(_JUNIPER_FLAT, "Juniper Flat Elementary", 0.05, 2, goes_on_in=HERON_CREEK),
        Lea(_TOYON_VALLEY, "Toyon Valley Unified", 0.13, -5),
        Lea(_CONDOR_RIDGE, "Condor Ridge Union High", 0.0, -3),
        Lea(_SALAL_POINT, "Salal Point Elementary", 0.07, -3, goes_on_in=_CONDOR_RIDGE),
        Lea(_QUAIL_BUSH, "Quail Bush Unified", 0.06, 1),
        Lea(_PLOVER_BEACH, "Plover Beach Elementary", 0.03, 0, goes_on_in=_CONDOR_RIDGE),
    ),
    county_office=Lea(COUNTY_OFFICE, "Manzanita County Office of Education", 0.0, 0),
    schools=(
        School("9911001", "Buckeye Elementary", CHAPARRAL, "TK", "05"),
        School("9911002", "Cottonwood Elementary", CHAPARRAL, "TK", "05"),
        School("9911003", "Redbud Elementary", CHAPARRAL, "TK", "05"),
        School("9911004", "Sycamore Elementary", CHAPARRAL, "TK", "05"),
        School("9911005", "Ceanothus Middle", CHAPARRAL, "06", "08"),
        School("9911006", "Coyote Brush Middle", CHAPARRAL, "06", "08"),
        School("9911007", "Madrone High", CHAPARRAL, "09", "12"),
        School("9911008", "Bay Laurel High", CHAPARRAL, "09", "12"),
        School("9911009", "Chaparral Preschool Center", CHAPARRAL, "PS", "PS"),
        School("9912001", "Willow Bend Elementary", HERON_CREEK, "TK", "05"),
        School("9912002", "Great Egret Elementary", HERON_CREEK, "TK", "05"),
        School("9912003", "Kingfisher Middle", HERON_CREEK, "06", "08"),
        School("9912004", "Heron Creek High", HERON_CREEK, "09", "12"),
        School("9912005", "Heron Creek Preschool", HERON_CREEK, "PS", "PS"),
        School("9913001", "Juniper Flat School", _JUNIPER_FLAT, "TK", "08"),
        School("9913002", "Juniper Flat Preschool", _JUNIPER_FLAT, "PS", "PS"),
        School("9914001", "Manzanita Early Start", COUNTY_OFFICE, "IN", "IN"),
        School("9914002", "Manzanita Regional Program", COUNTY_OFFICE, "KN", "12"),
        School("9915001", "Madia Elementary", _TOYON_VALLEY, "TK", "05"),
        School("9915002", "Goldeneye Elementary", _TOYON_VALLEY, "TK", "05"),
        School("9915003", "Toyon Valley Middle", _TOYON_VALLEY, "06", "08"),
        School("9915004", "Toyon Valley High", _TOYON_VALLEY, "09", "12"),
        School("9915005", "Toyon Valley Preschool", _TOYON_VALLEY, "PS", "PS"),
        School("9916001", "Condor Ridge High", _CONDOR_RIDGE, "09", "12"),
        School("9917001", "Pickleweed Elementary", _SALAL_POINT, "TK", "05"),
        School("9917002", "Salal Point Middle", _SALAL_POINT, "06", "08"),
        School("9917003", "Salal Point Preschool", _SALAL_POINT, "PS", "PS"),
        School("9918001", "Killdeer Elementary", _QUAIL_BUSH, "TK", "06"),
        School("9918002", "Quail Bush High", _QUAIL_BUSH, "07", "12"),
        School("9918003", "Quail Bush Preschool", _QUAIL_BUSH, "PS", "PS"),
        School("9919001", "Plover Beach School", _PLOVER_BEACH, "TK", "08"),
        School("9919002", "Plover Beach Preschool", _PLOVER_BEACH, "PS", "PS"),
    ),
    nonpublic_schools=(
        NongovernmentalSchool("9950011", "Blue Oak School"),
        NongovernmentalSchool("9950029", "Black Phoebe Academy"),
    ),
    private_schools=(
        NongovernmentalSchool("9960013", "Elderberry Country Day School", CHAPARRAL),
        NongovernmentalSchool("9960021", "Cedar Waxwing Academy", CHAPARRAL),
        NongovernmentalSchool("9960039", "Tule Marsh School", HERON_CREEK),
        NongovernmentalSchool("9960047", "Sand Verbena School", _TOYON_VALLEY),
        NongovernmentalSchool("9960054", "Bushtit Academy", _QUAIL_BUSH),
    ),
)

# They work for every SELPA.
NONPUBLIC_AGENCIES = (
    ("9970011", "Meadowlark Therapies"),
    ("9970029", "Sandpiper Speech and Language"),
    ("9970037", "Coastal Live Oak Behavior Services"),
)
REGIONAL_CENTER = ("9980015", "Manzanita Regional Center")

ORG_COLUMNS = ("kind", "code", "name", "parent", "county_code", "npa_id")

_PLACES = ("Hills", "Valley", "Bend", "Mesa", "Canyon", "Shore", "Grove", "Springs")
# What sort of district or school a name says it is: these words at its end, or the last one.
_SORT = re.compile(r"(Union High|Preschool Center|Early Start|Regional Program|\w+)$")


def selpas_for(student_count: int) -> tuple[Selpa, ...]:
    """The SELPAs that so many students live in; at most :data:`MOST_STUDENTS`."""
    return tuple(_selpa(number) for number in range(-(-student_count // STUDENTS_IN_A_SELPA)))


@cache
def _selpa(number: int) -> Selpa:
    first = FIRST_SELPA
    if number == 0:
        return first
    county = GIVEN_NAMES[number]

    def code(kind: str, of_first: str) -> str:
        return f"{kind}{number:02d}{of_first[-3:]}" if of_first else ""

    def name(of_first: str, position: int, among: int, place: str = "") -> str:
        word = GIVEN_NAMES[(number * among + position) % len(GIVEN_NAMES)]
        return " ".join(filter(None, (word, place, _SORT.findall(of_first)[0])))

    def renamed(kind: str, schools: tuple[NongovernmentalSchool, ...]) -> tuple[NongovernmentalSchool, ...]:
        return tuple(
            NongovernmentalSchool(
                code(kind, school.code), name(school.name, at, len(schools)), code("98", school.lea)
            )
            for at, school in enumerate(schools)
        )

    districts = tuple(
        replace(
            lea,
            code=code("98", lea.code),
            name=name(lea.name, at, len(first.districts), place),
            goes_on_in=code("98", lea.goes_on_in),
        )
        for at, (lea, place) in enumerate(zip(first.districts, _PLACES, strict=True))
    )
    office = replace(
        first.county_office,
        code=code("98", first.county_office.code),
        name=f"{county} County Office of Education",
    )
    schools = tuple(
        replace(
            school,
            # The fourth digit numbers the LEA, the last two its schools.
            code=f"97{number:02d}{school.code[3]}{school.code[-2:]}",
            name=name(school.name, at, len(first.schools)),
            lea=code("98", school.lea),
        )
        for at, school in enumerate(first.schools)
    )
    return Selpa(
        code=str(int(first.code) + number),
        name=f"{county} County SELPA",
        county_code="98",
        districts=districts,
        county_office=office,
        schools=schools,
        nonpublic_schools=renamed("96", first.nonpublic_schools),
        private_schools=renamed("95", first.private_schools),
    )


def org_rows(selpas: Iterable[Selpa]) -> Iterator[tuple[str, ...]]:
    """Rows of ``orgs.csv`` in the order of :data:`ORG_COLUMNS`."""
    county = FIRST_SELPA.county_code
    for selpa in selpas:
        yield from selpa.org_rows()
    yield from (("npa", code, name, "", county, code) for code, name in NONPUBLIC_AGENCIES)
    yield ("regional_center", *REGIONAL_CENTER, "", county, "")
