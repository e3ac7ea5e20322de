"""Demo students whose first IEP began in 2026."""

from __future__ import annotations

from datetime import date

from manzanita.synthetic.agencies import CHAPARRAL, COUNTY_OFFICE
from manzanita.synthetic.demo_histories import BUCKEYE, EARLY_START_PROGRAM, IEP, PRESCHOOL, initial, years
from manzanita.synthetic.stays import ENDS_WITH_YEAR
from manzanita.synthetic.students import Enrollment, Meeting, Plan, RightsHolder, Service, Status, Student


def part_c_to_b() -> Student:
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
    preschool = {**IEP, "23.15": "240", "23.20": "201", "23.21": "1", "23.22": "Y", "23.24": "100"}
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
                COUNTY_OFFICE, EARLY_START_PROGRAM, date(2025, 8, 20), "IN", date(2026, 6, 5), ENDS_WITH_YEAR,
                residence=CHAPARRAL,
            ),
            Enrollment(CHAPARRAL, PRESCHOOL, date(2026, 8, 13), "PS"),
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
            initial(
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


def starts_in_autumn() -> Student:
    """9: found eligible on May 14, 2026 (status 2, reason 12); services since September 8 (status 1)."""
    values = {**IEP, "23.15": "240", "23.20": "400", "23.23": "95", "23.24": "100"}
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
        enrollments=years(CHAPARRAL, {2025: (BUCKEYE, "KN"), 2026: (BUCKEYE, "01")}),
        statuses=[
            Status(CHAPARRAL, date(2026, 5, 14), "2", "12"),
            Status(CHAPARRAL, start, "1", initial_entry=start),
        ],
        meetings=[
            initial(
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
