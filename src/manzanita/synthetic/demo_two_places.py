"""Demo students of whom more than one district, or a school outside the districts, has a part of the record."""

from __future__ import annotations

from datetime import date

from manzanita.synthetic.agencies import ANY_NONPUBLIC_SCHOOL, ANY_PRIVATE_SCHOOL, CHAPARRAL, HERON_CREEK
from manzanita.synthetic.demo_histories import (
    BLUE_OAK,
    BUCKEYE,
    CEANOTHUS,
    COTTONWOOD,
    GREAT_EGRET,
    IEP,
    MADRONE,
    WILLOW_BEND,
    triennial,
    years,
)
from manzanita.synthetic.stays import ENDS_WITH_YEAR, LEFT, NON_ADA
from manzanita.synthetic.students import Enrollment, Meeting, Plan, RightsHolder, Service, Status, Student


def transferred_in() -> Student:
    """3: came from Heron Creek on October 19, 2026; Chaparral adopted the plan on that day, status unchanged."""
    autism = {**IEP, "23.15": "320", "23.16": "MMSN"}
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
            *years(
                HERON_CREEK,
                {2023: (WILLOW_BEND, "TK"), 2024: (WILLOW_BEND, "KN"), 2025: (WILLOW_BEND, "01")},
            ),
            Enrollment(HERON_CREEK, WILLOW_BEND, date(2026, 8, 17), "02", date(2026, 10, 16), LEFT),
            Enrollment(CHAPARRAL, BUCKEYE, date(2026, 10, 19), "02"),
        ],
        statuses=[Status(HERON_CREEK, date(2024, 2, 8), "1", initial_entry=date(2022, 2, 10))],
        meetings=[
            Meeting(HERON_CREEK, date(2024, 2, 8)),
            triennial(HERON_CREEK, date(2025, 1, 30)),
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


def transferred_out() -> Student:
    """4: at Chaparral on Census Day, which certifies Fall 1; in Heron Creek since October 26, 2026."""
    values = {**IEP, "23.15": "240", "23.20": "400", "23.23": "97", "23.24": "100"}
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
            *years(CHAPARRAL, {2023: (COTTONWOOD, "02"), 2024: (COTTONWOOD, "03"), 2025: (COTTONWOOD, "04")}),
            Enrollment(CHAPARRAL, COTTONWOOD, date(2026, 8, 13), "05", date(2026, 10, 23), LEFT),
            Enrollment(HERON_CREEK, GREAT_EGRET, date(2026, 10, 26), "05"),
        ],
        statuses=[Status(CHAPARRAL, date(2024, 3, 14), "1", initial_entry=date(2022, 3, 21))],
        meetings=[
            Meeting(CHAPARRAL, date(2024, 3, 14)),
            triennial(CHAPARRAL, date(2025, 3, 12)),
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


def accountable_elsewhere() -> Student:
    """5: attends Chaparral, lives in Heron Creek, which is the district of special education accountability."""
    values = {
        **IEP,
        "23.15": "210",
        "23.16": "ESN",
        "23.20": "400",
        "23.23": "30",
        "23.24": "300",
        "23.33": "Y",
    }
    services = (Service("330", 1350, location="520"), Service("415", 60), Service("425", 45))
    enrolled = {
        2023: (CEANOTHUS, "06"),
        2024: (CEANOTHUS, "07"),
        2025: (CEANOTHUS, "08"),
        2026: (MADRONE, "09"),
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
            for year in years(CHAPARRAL, enrolled)
        ],
        statuses=[Status(CHAPARRAL, date(2024, 4, 18), "1", initial_entry=date(2015, 2, 19))],
        meetings=[
            triennial(CHAPARRAL, date(2024, 4, 18)),
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


def nonpublic_school() -> Student:
    """6: placed by Chaparral in Blue Oak School, a nonpublic school, since August 14, 2025."""
    at_middle_school = {**IEP, "23.15": "260", "23.16": "ESN", "23.20": "400", "23.23": "40", "23.24": "300"}
    class_there = (Service("330", 1350, location="520"), Service("510", 30))
    placed_on = date(2025, 8, 14)
    values = {
        **IEP,
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
            *years(CHAPARRAL, {2023: (CEANOTHUS, "06"), 2024: (CEANOTHUS, "07")}),
            Enrollment(
                CHAPARRAL,
                ANY_NONPUBLIC_SCHOOL,
                placed_on,
                "08",
                date(2026, 6, 5),
                ENDS_WITH_YEAR,
                nps=BLUE_OAK,
            ),
            Enrollment(CHAPARRAL, ANY_NONPUBLIC_SCHOOL, date(2026, 8, 13), "09", nps=BLUE_OAK),
        ],
        statuses=[Status(CHAPARRAL, date(2024, 2, 8), "1", initial_entry=date(2021, 2, 11))],
        meetings=[
            triennial(CHAPARRAL, date(2024, 2, 8)),
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


def private_school() -> Student:
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
            *years(
                HERON_CREEK,
                {2023: (GREAT_EGRET, "01"), 2024: (GREAT_EGRET, "02"), 2025: (GREAT_EGRET, "03")},
            ),
            Enrollment(CHAPARRAL, ANY_PRIVATE_SCHOOL, date(2026, 8, 13), "04", status=NON_ADA),
        ],
        statuses=[Status(HERON_CREEK, date(2024, 2, 27), "1", initial_entry=date(2023, 3, 2))],
        meetings=[
            Meeting(HERON_CREEK, date(2024, 2, 27)),
            Meeting(HERON_CREEK, date(2025, 2, 25)),
            triennial(HERON_CREEK, date(2026, 2, 19)),
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
