"""The eleven demo students, by hand, as they stand on November 23, 2026.

Each has the history that the files reach back to: school years, status, meetings and plans with services since August
2023 or since the student was first served. All but the fourth are in Chaparral today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from manzanita.synthetic.agencies import (
    ANY_NONPUBLIC_SCHOOL,
    ANY_PRIVATE_SCHOOL,
    CHAPARRAL,
    COUNTY_OFFICE,
    HERON_CREEK,
)
from manzanita.synthetic.stays import ENDS_WITH_YEAR, LEFT, NON_ADA
from manzanita.synthetic.students import (
    Enrollment,
    Meeting,
    Plan,
    RightsHolder,
    Service,
    Status,
    Student,
)

WRITTEN_FOR = date(2026, 11, 23)

# First days of instruction and last days, by the school year's first calendar year.
_CHAPARRAL_OPENS = {
    2023: date(2023, 8, 17),
    2024: date(2024, 8, 15),
    2025: date(2025, 8, 14),
    2026: date(2026, 8, 13),
}
_HERON_CREEK_OPENS = {
    2023: date(2023, 8, 21),
    2024: date(2024, 8, 19),
    2025: date(2025, 8, 18),
    2026: date(2026, 8, 17),
}
_CLOSES = {2023: date(2024, 6, 7), 2024: date(2025, 6, 6), 2025: date(2026, 6, 5)}

_BUCKEYE, _COTTONWOOD, _CEANOTHUS, _MADRONE, _PRESCHOOL = (
    "9911001",
    "9911002",
    "9911005",
    "9911007",
    "9911009",
)
_WILLOW_BEND, _GREAT_EGRET = "9912001", "9912002"
_EARLY_START_PROGRAM = "9914001"
_BLUE_OAK = "9950011"

_IEP = {"23.11": "100", "23.14": "200", "23.33": "N", "23.34": "10"}


def demo_students() -> list[Student]:
    """The eleven, in the order of their numbers; SSID 9900000001 is the first."""
    return [
        _plain(),
        _late_triennial(),
        _transferred_in(),
        _transferred_out(),
        _accountable_elsewhere(),
        _nonpublic_school(),
        _private_school(),
        _part_c_to_b(),
        _starts_in_autumn(),
        _partial_consent(),
        _merged_ssid(),
    ]


def _years(lea: str, schools: Mapping[int, tuple[str, str]]) -> list[Enrollment]:
    """Full school years at ``lea``: school year -> (school, grade); that of 2026 is open."""
    opens = _CHAPARRAL_OPENS if lea == CHAPARRAL else _HERON_CREEK_OPENS
    return [
        Enrollment(
            lea, school, opens[year], grade, _CLOSES.get(year), ENDS_WITH_YEAR if year in _CLOSES else ""
        )
        for year, (school, grade) in schools.items()
    ]


def _initial(lea: str, on: date, *, referred_on: date, consent_on: date, referred_by: str = "30") -> Meeting:
    return Meeting(
        lea,
        on,
        evaluation="10",
        outcome="20",
        is_review=False,
        referred_on=referred_on,
        referred_by=referred_by,
        consent_on=consent_on,
    )


def _triennial(lea: str, on: date) -> Meeting:
    return Meeting(lea, on, evaluation="40", outcome="20")


def _plain() -> Student:
    """1: plain annual review, due December 15, 2026, nothing wrong."""
    values = {**_IEP, "23.15": "290", "23.16": "MMSN", "23.20": "400", "23.23": "85", "23.24": "200"}
    speech, instruction = Service("415", 30), Service("330", 150)
    return Student(
        index=1,
        first_name="Lupine",
        middle_name="Quail",
        birth=date(2017, 3, 14),
        gender="F",
        is_hispanic=False,
        race="700",
        address="14 Buckwheat Lane",
        enrollments=_years(
            CHAPARRAL,
            {2023: (_BUCKEYE, "01"), 2024: (_BUCKEYE, "02"), 2025: (_BUCKEYE, "03"), 2026: (_BUCKEYE, "04")},
        ),
        statuses=[Status(CHAPARRAL, date(2024, 12, 16), "1", initial_entry=date(2024, 12, 16))],
        meetings=[
            _initial(
                CHAPARRAL, date(2024, 12, 16), referred_on=date(2024, 10, 14), consent_on=date(2024, 10, 28)
            ),
            Meeting(CHAPARRAL, date(2025, 12, 15)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 12, 16), "1", values, (instruction, speech)),
            # Speech twice as long, agreed to without a meeting on the whole plan.
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 4, 22), "2", values, (instruction, Service("415", 60))),
            Plan(
                CHAPARRAL,
                CHAPARRAL,
                date(2025, 12, 15),
                "1",
                values,
                (Service("330", 180), Service("415", 60)),
            ),
        ],
        rights_holders=[
            RightsHolder("Mallow", "Mother", phone="707-555-0101"),
            RightsHolder("Merlin", "Father", phone="707-555-0102"),
        ],
    )


def _late_triennial() -> Student:
    """2: the annual review was due on November 4, 2026 and the triennial on November 6; neither has been held."""
    values = {**_IEP, "23.15": "280", "23.16": "MMSN", "23.20": "400", "23.23": "80", "23.24": "200"}
    instruction, counseling = Service("330", 200), Service("510", 30)
    return Student(
        index=2,
        first_name="Osprey",
        middle_name="Sedge",
        birth=date(2014, 5, 8),
        gender="M",
        is_hispanic=True,
        race="700",
        address="220 Fescue Lane",
        enrollments=_years(
            CHAPARRAL,
            {
                2023: (_COTTONWOOD, "04"),
                2024: (_COTTONWOOD, "05"),
                2025: (_CEANOTHUS, "06"),
                2026: (_CEANOTHUS, "07"),
            },
        ),
        statuses=[Status(CHAPARRAL, date(2023, 11, 6), "1", initial_entry=date(2020, 11, 6))],
        meetings=[
            _triennial(CHAPARRAL, date(2023, 11, 6)),
            Meeting(CHAPARRAL, date(2024, 11, 5)),
            Meeting(CHAPARRAL, date(2025, 11, 4)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2023, 11, 6), "1", values, (instruction,)),
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 11, 5), "1", values, (instruction, counseling)),
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 11, 4), "1", values, (Service("330", 150), counseling)),
        ],
        rights_holders=[
            RightsHolder("Rosemary", "Mother", "Spanish", "707-555-0103"),
            RightsHolder("Martin", "Father", "Spanish", "707-555-0104"),
        ],
    )


def _transferred_in() -> Student:
    """3: came from Heron Creek on October 19, 2026; Chaparral adopted the plan on that day, status unchanged."""
    autism = {**_IEP, "23.15": "320", "23.16": "MMSN"}
    preschool = {**autism, "23.20": "201", "23.21": "1", "23.22": "Y", "23.24": "100"}
    school = {**autism, "23.20": "400", "23.23": "70", "23.24": "200"}
    early = (Service("330", 120, location="330"), Service("415", 30, location="330"))
    services = (Service("330", 240), Service("415", 40), Service("450", 30))
    return Student(
        index=3,
        first_name="Egret",
        middle_name="Willow",
        birth=date(2019, 1, 22),
        gender="M",
        is_hispanic=False,
        race="400",
        address="7 Horsetail Lane",
        enrollments=[
            *_years(
                HERON_CREEK,
                {2023: (_WILLOW_BEND, "TK"), 2024: (_WILLOW_BEND, "KN"), 2025: (_WILLOW_BEND, "01")},
            ),
            Enrollment(HERON_CREEK, _WILLOW_BEND, date(2026, 8, 17), "02", date(2026, 10, 16), LEFT),
            Enrollment(CHAPARRAL, _BUCKEYE, date(2026, 10, 19), "02"),
        ],
        statuses=[Status(HERON_CREEK, date(2024, 2, 8), "1", initial_entry=date(2022, 2, 10))],
        meetings=[
            Meeting(HERON_CREEK, date(2024, 2, 8)),
            _triennial(HERON_CREEK, date(2025, 1, 30)),
            Meeting(HERON_CREEK, date(2026, 1, 27)),
        ],
        plans=[
            Plan(HERON_CREEK, HERON_CREEK, date(2024, 2, 8), "1", preschool, early),
            Plan(HERON_CREEK, HERON_CREEK, date(2025, 1, 30), "1", school, services[:2]),
            Plan(HERON_CREEK, HERON_CREEK, date(2026, 1, 27), "1", school, services),
            Plan(CHAPARRAL, CHAPARRAL, date(2026, 10, 19), "3", school, services),
        ],
        rights_holders=[
            RightsHolder("Azalea", "Mother", "Tagalog", "707-555-0105"),
            RightsHolder("Sycamore", "Father", "Tagalog", "707-555-0106"),
        ],
    )


def _transferred_out() -> Student:
    """4: at Chaparral on Census Day, which certifies Fall 1; in Heron Creek since October 26, 2026."""
    values = {**_IEP, "23.15": "240", "23.20": "400", "23.23": "97", "23.24": "100"}
    services = (Service("415", 60),)
    return Student(
        index=4,
        first_name="Swift",
        middle_name="Clover",
        birth=date(2015, 12, 2),
        gender="F",
        is_hispanic=False,
        race="600",
        address="351 Lavender Lane",
        enrollments=[
            *_years(
                CHAPARRAL, {2023: (_COTTONWOOD, "02"), 2024: (_COTTONWOOD, "03"), 2025: (_COTTONWOOD, "04")}
            ),
            Enrollment(CHAPARRAL, _COTTONWOOD, date(2026, 8, 13), "05", date(2026, 10, 23), LEFT),
            Enrollment(HERON_CREEK, _GREAT_EGRET, date(2026, 10, 26), "05"),
        ],
        statuses=[Status(CHAPARRAL, date(2024, 3, 14), "1", initial_entry=date(2022, 3, 21))],
        meetings=[
            Meeting(CHAPARRAL, date(2024, 3, 14)),
            _triennial(CHAPARRAL, date(2025, 3, 12)),
            Meeting(CHAPARRAL, date(2026, 3, 10)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 3, 14), "1", values, (Service("415", 40),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 3, 12), "1", values, services),
            Plan(CHAPARRAL, CHAPARRAL, date(2026, 3, 10), "1", values, services),
            Plan(HERON_CREEK, HERON_CREEK, date(2026, 10, 26), "3", values, services),
        ],
        rights_holders=[RightsHolder("Heather", "Mother", phone="707-555-0107")],
    )


def _accountable_elsewhere() -> Student:
    """5: attends Chaparral, lives in Heron Creek, which is the district of special education accountability."""
    values = {
        **_IEP,
        "23.15": "210",
        "23.16": "ESN",
        "23.20": "400",
        "23.23": "30",
        "23.24": "300",
        "23.33": "Y",
    }
    services = (Service("330", 1350, location="520"), Service("415", 60), Service("425", 45))
    enrolled = {
        2023: (_CEANOTHUS, "06"),
        2024: (_CEANOTHUS, "07"),
        2025: (_CEANOTHUS, "08"),
        2026: (_MADRONE, "09"),
    }
    return Student(
        index=5,
        first_name="Cedar",
        middle_name="Finch",
        birth=date(2012, 2, 19),
        gender="X",
        is_hispanic=False,
        race="204",
        address="89 Tanoak Lane",
        enrollments=[
            Enrollment(
                year.lea,
                year.school,
                year.start,
                year.grade,
                year.end,
                year.exit_reason,
                residence=HERON_CREEK,
            )
            for year in _years(CHAPARRAL, enrolled)
        ],
        statuses=[Status(CHAPARRAL, date(2024, 4, 18), "1", initial_entry=date(2015, 2, 19))],
        meetings=[
            _triennial(CHAPARRAL, date(2024, 4, 18)),
            Meeting(CHAPARRAL, date(2025, 4, 15)),
            Meeting(CHAPARRAL, date(2026, 3, 26)),
        ],
        plans=[
            Plan(CHAPARRAL, HERON_CREEK, date(2024, 4, 18), "1", values, services[:2]),
            Plan(CHAPARRAL, HERON_CREEK, date(2025, 4, 15), "1", values, services),
            Plan(CHAPARRAL, HERON_CREEK, date(2026, 3, 26), "1", values, services),
        ],
        rights_holders=[
            RightsHolder("Lotus", "Mother", "Vietnamese", "707-555-0108"),
            RightsHolder("Crane", "Father", "Vietnamese", "707-555-0109"),
        ],
    )


def _nonpublic_school() -> Student:
    """6: placed by Chaparral in Blue Oak School, a nonpublic school, since August 14, 2025."""
    at_middle_school = {**_IEP, "23.15": "260", "23.16": "ESN", "23.20": "400", "23.23": "40", "23.24": "300"}
    class_there = (Service("330", 1350, location="520"), Service("510", 30))
    placed_on = date(2025, 8, 14)
    values = {
        **_IEP,
        "23.15": "260",
        "23.16": "ESN",
        "23.20": "300",
        "23.23": "0",
        "23.24": "300",
        "23.33": "Y",
    }
    services = (
        Service("330", 1500, provider="410", location="810"),
        Service("510", 60, provider="410", location="810"),
    )
    return Student(
        index=6,
        first_name="Junco",
        middle_name="",
        birth=date(2012, 6, 30),
        gender="M",
        is_hispanic=True,
        race="700",
        address="4 Spruce Lane",
        enrollments=[
            *_years(CHAPARRAL, {2023: (_CEANOTHUS, "06"), 2024: (_CEANOTHUS, "07")}),
            Enrollment(
                CHAPARRAL,
                ANY_NONPUBLIC_SCHOOL,
                placed_on,
                "08",
                date(2026, 6, 5),
                ENDS_WITH_YEAR,
                nps=_BLUE_OAK,
            ),
            Enrollment(CHAPARRAL, ANY_NONPUBLIC_SCHOOL, date(2026, 8, 13), "09", nps=_BLUE_OAK),
        ],
        statuses=[Status(CHAPARRAL, date(2024, 2, 8), "1", initial_entry=date(2021, 2, 11))],
        meetings=[
            _triennial(CHAPARRAL, date(2024, 2, 8)),
            Meeting(CHAPARRAL, date(2025, 2, 6)),
            # On the placement.
            Meeting(CHAPARRAL, date(2025, 5, 29)),
            Meeting(CHAPARRAL, date(2026, 2, 5)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 2, 8), "1", at_middle_school, class_there),
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 2, 6), "1", at_middle_school, class_there),
            Plan(CHAPARRAL, CHAPARRAL, placed_on, "1", values, services),
            Plan(CHAPARRAL, CHAPARRAL, date(2026, 2, 5), "1", values, services),
        ],
        rights_holders=[RightsHolder("Zinnia", "Foster parent", phone="707-555-0110")],
    )


def _private_school() -> Student:
    """7: in a private school with an ISP by Chaparral, while Heron Creek still reports a newer IEP."""
    shared = {"23.14": "200", "23.15": "240", "23.24": "100", "23.33": "N", "23.34": "10"}
    individual_services = {**shared, "23.11": "200", "23.20": "403"}
    education = {**shared, "23.11": "100", "23.20": "400", "23.23": "95"}
    return Student(
        index=7,
        first_name="Larkspur",
        middle_name="Wren",
        birth=date(2016, 10, 11),
        gender="F",
        is_hispanic=False,
        race="700",
        address="612 Goldenrod Lane",
        enrollments=[
            *_years(
                HERON_CREEK,
                {2023: (_GREAT_EGRET, "01"), 2024: (_GREAT_EGRET, "02"), 2025: (_GREAT_EGRET, "03")},
            ),
            Enrollment(CHAPARRAL, ANY_PRIVATE_SCHOOL, date(2026, 8, 13), "04", status=NON_ADA),
        ],
        statuses=[Status(HERON_CREEK, date(2024, 2, 27), "1", initial_entry=date(2023, 3, 2))],
        meetings=[
            Meeting(HERON_CREEK, date(2024, 2, 27)),
            Meeting(HERON_CREEK, date(2025, 2, 25)),
            _triennial(HERON_CREEK, date(2026, 2, 19)),
            Meeting(CHAPARRAL, date(2026, 8, 24)),
        ],
        plans=[
            Plan(HERON_CREEK, HERON_CREEK, date(2024, 2, 27), "1", education, (Service("415", 60),)),
            Plan(HERON_CREEK, HERON_CREEK, date(2025, 2, 25), "1", education, (Service("415", 60),)),
            Plan(HERON_CREEK, HERON_CREEK, date(2026, 2, 19), "1", education, (Service("415", 60),)),
            Plan(
                CHAPARRAL,
                CHAPARRAL,
                date(2026, 8, 24),
                "1",
                individual_services,
                (Service("415", 30, location="890"),),
            ),
            Plan(HERON_CREEK, HERON_CREEK, date(2026, 10, 13), "2", education, (Service("415", 40),)),
        ],
        rights_holders=[RightsHolder("Primrose", "Mother", phone="707-555-0111")],
    )


def _part_c_to_b() -> Student:
    """8: turned three on July 21, 2026; the district's plan begins that day, school on August 13."""
    infant = {
        "23.11": "150",
        "23.14": "200",
        "23.15": "240",
        "23.19": "Y",
        "23.20": "102",
        "23.33": "N",
        "23.34": "10",
        "23.35": "Y",
    }
    preschool = {**_IEP, "23.15": "240", "23.20": "201", "23.21": "1", "23.22": "Y", "23.24": "100"}
    home = (
        Service("240", 30, provider="110", location="210", frequency="30"),
        Service("415", 30, provider="110", location="210"),
    )
    return Student(
        index=8,
        first_name="Wren",
        middle_name="Bluebell",
        birth=date(2023, 7, 21),
        gender="F",
        is_hispanic=True,
        race="700",
        address="35 Milkweed Lane",
        enrollments=[
            Enrollment(
                COUNTY_OFFICE, _EARLY_START_PROGRAM, date(2025, 8, 20), "IN", date(2026, 6, 5), ENDS_WITH_YEAR,
                residence=CHAPARRAL,
            ),
            Enrollment(CHAPARRAL, _PRESCHOOL, date(2026, 8, 13), "PS"),
        ],
        statuses=[Status(COUNTY_OFFICE, date(2025, 9, 16), "1", initial_entry=date(2025, 9, 16))],
        meetings=[
            Meeting(
                COUNTY_OFFICE,
                date(2025, 9, 16),
                evaluation="15",
                outcome="20",
                is_review=False,
                referred_on=date(2025, 8, 4),
                referred_by="10",
                consent_on=date(2025, 8, 11),
            ),
            _initial(
                CHAPARRAL,
                date(2026, 5, 28),
                referred_on=date(2026, 3, 30),
                consent_on=date(2026, 4, 13),
                referred_by="40",
            ),
        ],
        plans=[
            Plan(COUNTY_OFFICE, CHAPARRAL, date(2025, 9, 16), "1", infant, home),
            Plan(CHAPARRAL, CHAPARRAL, date(2026, 7, 21), "1", preschool, (Service("415", 60, location="330"),)),
        ],
        rights_holders=[
            RightsHolder("Iris", "Mother", "Spanish", "707-555-0112"),
            RightsHolder("Falcon", "Father", "Spanish", "707-555-0113"),
        ],
    )  # fmt: skip


def _starts_in_autumn() -> Student:
    """9: found eligible on May 14, 2026 (status 2, reason 12); services since September 8 (status 1)."""
    values = {**_IEP, "23.15": "240", "23.20": "400", "23.23": "95", "23.24": "100"}
    start = date(2026, 9, 8)
    return Student(
        index=9,
        first_name="Clarkia",
        middle_name="",
        birth=date(2020, 4, 27),
        gender="F",
        is_hispanic=False,
        race="700",
        address="58 Yerba Lane",
        enrollments=_years(CHAPARRAL, {2025: (_BUCKEYE, "KN"), 2026: (_BUCKEYE, "01")}),
        statuses=[
            Status(CHAPARRAL, date(2026, 5, 14), "2", "12"),
            Status(CHAPARRAL, start, "1", initial_entry=start),
        ],
        meetings=[
            _initial(
                CHAPARRAL,
                date(2026, 5, 14),
                referred_on=date(2026, 3, 9),
                consent_on=date(2026, 3, 23),
                referred_by="20",
            ),
        ],
        plans=[Plan(CHAPARRAL, CHAPARRAL, start, "1", values, (Service("415", 60), Service("330", 60)))],
        rights_holders=[
            RightsHolder("Fern", "Mother", phone="707-555-0114"),
            RightsHolder("Larkspur", "Mother", phone="707-555-0115"),
        ],
    )


def _partial_consent() -> Student:
    """10: the review due on October 9, 2026 is not in the files: the demo holds it, and two services are declined."""
    values = {**_IEP, "23.15": "320", "23.16": "MMSN", "23.20": "400", "23.23": "75", "23.24": "200"}
    return Student(
        index=10,
        first_name="Magpie",
        middle_name="Sorrel",
        birth=date(2018, 1, 9),
        gender="M",
        is_hispanic=False,
        race="201",
        address="903 Maple Lane",
        enrollments=_years(
            CHAPARRAL,
            {
                2023: (_COTTONWOOD, "KN"),
                2024: (_COTTONWOOD, "01"),
                2025: (_COTTONWOOD, "02"),
                2026: (_COTTONWOOD, "03"),
            },
        ),
        statuses=[Status(CHAPARRAL, date(2023, 10, 17), "1", initial_entry=date(2022, 10, 20))],
        meetings=[
            Meeting(CHAPARRAL, date(2023, 10, 17)),
            Meeting(CHAPARRAL, date(2024, 10, 15)),
            _triennial(CHAPARRAL, date(2025, 10, 9)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2023, 10, 17), "1", values, (Service("330", 150),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 10, 15), "1", values, (Service("330", 150),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 10, 9), "1", values, (Service("330", 200),)),
        ],
        rights_holders=[RightsHolder("Verbena", "Mother", "Mandarin", "707-555-0116")],
    )


def _merged_ssid() -> Student:
    """11: had another SSID until the state merged it; the files of today know only this one, the demo both."""
    values = {**_IEP, "23.15": "290", "23.16": "MMSN", "23.20": "400", "23.23": "80", "23.24": "200"}
    return Student(
        index=11,
        first_name="Tanager",
        middle_name="",
        birth=date(2013, 8, 16),
        gender="M",
        is_hispanic=True,
        race="700",
        address="77 Alder Lane",
        enrollments=_years(
            CHAPARRAL,
            {
                2023: (_COTTONWOOD, "05"),
                2024: (_CEANOTHUS, "06"),
                2025: (_CEANOTHUS, "07"),
                2026: (_CEANOTHUS, "08"),
            },
        ),
        statuses=[Status(CHAPARRAL, date(2024, 3, 12), "1", initial_entry=date(2023, 3, 16))],
        meetings=[
            Meeting(CHAPARRAL, date(2024, 3, 12)),
            Meeting(CHAPARRAL, date(2025, 3, 11)),
            _triennial(CHAPARRAL, date(2026, 3, 5)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 3, 12), "1", values, (Service("330", 200),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 3, 11), "1", values, (Service("330", 200),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2026, 3, 5), "1", values, (Service("330", 240),)),
        ],
        rights_holders=[RightsHolder("Dove", "Grandmother", "Spanish", "707-555-0117")],
    )
