"""The agencies of the fictitious SELPA: LEAs, schools, nonpublic schools and agencies, private schools."""

from __future__ import annotations

from dataclasses import dataclass

SELPA = "9901"
COUNTY = "99"
CHAPARRAL, HERON_CREEK, JUNIPER_FLAT, COUNTY_OFFICE = "9910017", "9910025", "9910033", "9910010"

# School codes that the state gives to all nonpublic and all private schools.
ANY_NONPUBLIC_SCHOOL, ANY_PRIVATE_SCHOOL = "0000001", "0000002"

GRADES = ("IN", "PS", "TK", "KN", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")


@dataclass(frozen=True, slots=True)
class Lea:
    """A district or the county office; ``offset`` moves its first day of school, in days."""

    code: str
    name: str
    kind: str
    share: float
    offset: int


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


LEAS = (
    Lea(CHAPARRAL, "Chaparral Unified", "lea", 0.58, -4),
    Lea(HERON_CREEK, "Heron Creek Unified", "lea", 0.33, 0),
    Lea(JUNIPER_FLAT, "Juniper Flat Elementary", "lea", 0.09, 2),
    Lea(COUNTY_OFFICE, "Manzanita County Office of Education", "coe", 0.0, 0),
)
LEA_BY_CODE = {lea.code: lea for lea in LEAS}

SCHOOLS = (
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
    School("9913001", "Juniper Flat School", JUNIPER_FLAT, "TK", "08"),
    School("9913002", "Juniper Flat Preschool", JUNIPER_FLAT, "PS", "PS"),
    School("9914001", "Manzanita Early Start", COUNTY_OFFICE, "IN", "IN"),
    School("9914002", "Manzanita Regional Program", COUNTY_OFFICE, "KN", "12"),
)
SCHOOL_NAMES = {school.code: school.name for school in SCHOOLS}

NONPUBLIC_SCHOOLS = (("9950011", "Blue Oak School"), ("9950029", "Black Phoebe Academy"))
NONPUBLIC_AGENCIES = (
    ("9970011", "Meadowlark Therapies"),
    ("9970029", "Sandpiper Speech and Language"),
    ("9970037", "Coastal Live Oak Behavior Services"),
)
PRIVATE_SCHOOLS = (
    ("9960013", "Elderberry Country Day School", CHAPARRAL),
    ("9960021", "Cedar Waxwing Academy", CHAPARRAL),
    ("9960039", "Tule Marsh School", HERON_CREEK),
)
REGIONAL_CENTER = ("9980015", "Manzanita Regional Center")

ORG_COLUMNS = ("kind", "code", "name", "parent", "county_code", "npa_id")


def schools_for(lea: str, grade: str) -> list[School]:
    """Schools of an LEA that teach a grade, in code order; empty when it has none."""
    return [school for school in SCHOOLS if school.lea == lea and school.teaches(grade)]


def org_rows() -> list[tuple[str, ...]]:
    """Rows of ``orgs.csv`` in the order of :data:`ORG_COLUMNS`."""
    rows = [("selpa", SELPA, "Manzanita County SELPA", "", COUNTY, "")]
    rows += [(lea.kind, lea.code, lea.name, SELPA, COUNTY, "") for lea in LEAS]
    rows += [("school", school.code, school.name, school.lea, COUNTY, "") for school in SCHOOLS]
    rows += [("nps", code, name, "", COUNTY, "") for code, name in NONPUBLIC_SCHOOLS]
    rows += [("npa", code, name, "", COUNTY, code) for code, name in NONPUBLIC_AGENCIES]
    rows += [("private_school", code, name, lea, COUNTY, "") for code, name, lea in PRIVATE_SCHOOLS]
    rows.append(("regional_center", *REGIONAL_CENTER, "", COUNTY, ""))
    return rows
