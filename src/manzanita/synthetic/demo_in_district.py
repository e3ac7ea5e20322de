"""Demo students who have been in the schools of Chaparral all along: what differs is how their plan stands."""

from __future__ import annotations

from datetime import date

from manzanita.synthetic.agencies import CHAPARRAL
from manzanita.synthetic.demo_histories import BUCKEYE, CEANOTHUS, COTTONWOOD, IEP, initial, triennial, years
from manzanita.synthetic.students import Meeting, Plan, RightsHolder, Service, Status, Student


def plain() -> Student:
    """1: plain annual review, due December 15, 2026, nothing wrong."""
    values = {**IEP, "23.15": "290", "23.16": "MMSN", "23.20": "400", "23.23": "85", "23.24": "200"}
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
        enrollments=years(
            CHAPARRAL,
            {2023: (BUCKEYE, "01"), 2024: (BUCKEYE, "02"), 2025: (BUCKEYE, "03"), 2026: (BUCKEYE, "04")},
        ),
        statuses=[Status(CHAPARRAL, date(2024, 12, 16), "1", initial_entry=date(2024, 12, 16))],
        meetings=[
            initial(
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


def late_triennial() -> Student:
    """2: the annual review was due on November 4, 2026 and the triennial on November 6; neither has been held."""
    values = {**IEP, "23.15": "280", "23.16": "MMSN", "23.20": "400", "23.23": "80", "23.24": "200"}
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
        enrollments=years(
            CHAPARRAL,
            {
                2023: (COTTONWOOD, "04"),
                2024: (COTTONWOOD, "05"),
                2025: (CEANOTHUS, "06"),
                2026: (CEANOTHUS, "07"),
            },
        ),
        statuses=[Status(CHAPARRAL, date(2023, 11, 6), "1", initial_entry=date(2020, 11, 6))],
        meetings=[
            triennial(CHAPARRAL, date(2023, 11, 6)),
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


def partial_consent() -> Student:
    """10: the review due on October 9, 2026 is not in the files: the demo holds it, and two services are declined."""
    values = {**IEP, "23.15": "320", "23.16": "MMSN", "23.20": "400", "23.23": "75", "23.24": "200"}
    return Student(
        index=10,
        first_name="Magpie",
        middle_name="Sorrel",
        birth=date(2018, 1, 9),
        gender="M",
        is_hispanic=False,
        race="201",
        address="903 Maple Lane",
        enrollments=years(
            CHAPARRAL,
            {
                2023: (COTTONWOOD, "KN"),
                2024: (COTTONWOOD, "01"),
                2025: (COTTONWOOD, "02"),
                2026: (COTTONWOOD, "03"),
            },
        ),
        statuses=[Status(CHAPARRAL, date(2023, 10, 17), "1", initial_entry=date(2022, 10, 20))],
        meetings=[
            Meeting(CHAPARRAL, date(2023, 10, 17)),
            Meeting(CHAPARRAL, date(2024, 10, 15)),
            triennial(CHAPARRAL, date(2025, 10, 9)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2023, 10, 17), "1", values, (Service("330", 150),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 10, 15), "1", values, (Service("330", 150),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 10, 9), "1", values, (Service("330", 200),)),
        ],
        rights_holders=[RightsHolder("Verbena", "Mother", "Mandarin", "707-555-0116")],
    )


def merged_ssid() -> Student:
    """11: had another SSID until the state merged it; the files of today know only this one, the demo both."""
    values = {**IEP, "23.15": "290", "23.16": "MMSN", "23.20": "400", "23.23": "80", "23.24": "200"}
    return Student(
        index=11,
        first_name="Tanager",
        middle_name="",
        birth=date(2013, 8, 16),
        gender="M",
        is_hispanic=True,
        race="700",
        address="77 Alder Lane",
        enrollments=years(
            CHAPARRAL,
            {
                2023: (COTTONWOOD, "05"),
                2024: (CEANOTHUS, "06"),
                2025: (CEANOTHUS, "07"),
                2026: (CEANOTHUS, "08"),
            },
        ),
        statuses=[Status(CHAPARRAL, date(2024, 3, 12), "1", initial_entry=date(2023, 3, 16))],
        meetings=[
            Meeting(CHAPARRAL, date(2024, 3, 12)),
            Meeting(CHAPARRAL, date(2025, 3, 11)),
            triennial(CHAPARRAL, date(2026, 3, 5)),
        ],
        plans=[
            Plan(CHAPARRAL, CHAPARRAL, date(2024, 3, 12), "1", values, (Service("330", 200),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2025, 3, 11), "1", values, (Service("330", 200),)),
            Plan(CHAPARRAL, CHAPARRAL, date(2026, 3, 5), "1", values, (Service("330", 240),)),
        ],
        rights_holders=[RightsHolder("Dove", "Grandmother", "Spanish", "707-555-0117")],
    )
