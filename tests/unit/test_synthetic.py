"""``manzanita synth`` from the outside: what stands in the files it writes."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from manzanita.cli import main
from manzanita.domain.calendars import Calendar
from manzanita.domain.calendars.csv_file import read_calendar_csv
from manzanita.domain.codes import code_set
from manzanita.domain.layouts import SIS_RECORDS, SPED_RECORDS, layout
from manzanita.domain.layouts.files import read_record_file, rows_of
from manzanita.domain.records import parse_state_date
from manzanita.domain.rules import field_rules, row_rules
from manzanita.synthetic.agencies import MOST_STUDENTS, selpas_for
from manzanita.synthetic.agreements import agreement_rows
from manzanita.synthetic.names import BIRDS, PLANTS
from manzanita.synthetic.population import World, random_student
from manzanita.synthetic.staff import Staff
from tests.support.rules import USUAL

STUDENTS = 300
AS_OF = "20261123"
FILES = {
    **{r: f"SIS_{r}.txt" for r in SIS_RECORDS},
    **{r: f"ODS_{r}.txt" for r in (*SPED_RECORDS, "PSTS")},
}
SSID = {
    "PSTS": "17.08",
    "SENR": "1.08",
    "SINF": "2.09",
    "SWDS": "22.06",
    "MEET": "24.06",
    "PLAN": "23.06",
    "SERV": "25.07",
}
CHAPARRAL, HERON_CREEK, COUNTY_OFFICE = "9910017", "9910025", "9910010"
LEAS = {
    *(CHAPARRAL, HERON_CREEK, "9910033", "9910041", "9910058", "9910066", "9910074", "9910082", COUNTY_OFFICE)
}
NATURE = {*PLANTS, *BIRDS}


def synth(folder, *arguments):
    assert main(["synth", "--students", str(STUDENTS), "--out", str(folder), *arguments]) == 0
    return folder


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def csv_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synth(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """The same students with planted errors, enough of them that every code is there."""
    path = tmp_path_factory.mktemp("damaged")
    return synth(path, "--students", "2000", "--errors", "0.005")


@pytest.fixture(scope="module")
def rows(folder):
    """Record type -> rows of the file."""
    return {record: rows_of(read_record_file(folder / name)) for record, name in FILES.items()}


@pytest.fixture(scope="module")
def people(folder):
    return csv_rows(folder / "people.csv")


@pytest.fixture
def of(rows):
    """Some fields of a record's lines of one demo student, by number."""

    def look(number, record, *fields):
        ssid = str(9900000000 + number)
        return [
            tuple(row[f] for f in fields) if len(fields) > 1 else row[fields[0]]
            for row in rows[record]
            if row[SSID[record]] == ssid
        ]

    return look


# The same again


def test_the_same_seed_writes_the_same_bytes(folder, tmp_path):
    assert bytes_of(synth(tmp_path)) == bytes_of(folder)


def test_another_seed_writes_other_students_and_the_same_demo_students(folder, tmp_path):
    other = synth(tmp_path, "--seed", "2")
    for name in FILES.values():
        ours, theirs = (folder / name).read_text(), (other / name).read_text()
        demo_lines = [line for line in ours.splitlines() if "^99000000" in line and int_ssid(line) <= 11]
        assert ours != theirs
        # None of the eleven has left school.
        assert bool(demo_lines) is (name != FILES["PSTS"])
        assert set(demo_lines) <= set(theirs.splitlines())


def int_ssid(line):
    return next(int(v[-4:]) for v in line.split("^") if v.startswith("99000") and len(v) == 10)


def test_a_student_does_not_depend_on_how_many_others_there_are(folder, tmp_path):
    few = synth(tmp_path, "--students", "100")
    kept = [line for line in (folder / "ODS_PLAN.txt").read_text().splitlines() if int_ssid(line) <= 100]
    assert (few / "ODS_PLAN.txt").read_text().splitlines() == kept


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--students", "10"], "--students is at least 11"),
        (["--students", "990001"], "--students is at most 990000"),
        (["--as-of", "2026-11-22"], "--as-of is from 2026-11-23"),
        (["--as-of", "2027-06-04"], "--as-of is from 2026-11-23"),
        (["--errors", "0.1", "--codes", "MZ-SERV-SHORT,MZ-NONE"], "--codes: MZ-NONE cannot be planted"),
        (["--codes", "MZ-SERV-SHORT"], "--codes names what --errors RATE plants"),
    ],
)
def test_what_it_cannot_make_is_refused_with_the_reason(tmp_path, capsys, arguments, reason):
    assert main(["synth", "--out", str(tmp_path / "none"), *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_files_without_errors_leave_no_list_of_planted_ones(tmp_path):
    synth(tmp_path, "--students", "40", "--errors", "0.01")
    assert (tmp_path / "planted.jsonl").exists()
    synth(tmp_path, "--students", "40")
    assert not (tmp_path / "planted.jsonl").exists()


def test_only_the_rules_that_are_named_are_broken(tmp_path):
    synth(tmp_path, "--students", "200", "--errors", "0.02", "--codes", "MZ-SERV-SHORT, MZ-MEET-LATE")
    planted = map(json.loads, (tmp_path / "planted.jsonl").read_text().splitlines())
    assert {one["code"] for one in planted} == {"MZ-SERV-SHORT", "MZ-MEET-LATE"}


# Lines


def test_every_line_can_be_read(folder):
    for record, name in FILES.items():
        read = read_record_file(folder / name)
        assert (read.record, read.is_extract, read.set_aside) == (record, record not in SIS_RECORDS, [])


def test_there_are_as_many_students_as_asked_for_and_a_tenth_without_special_education(rows):
    assert {row["22.06"] for row in rows["SWDS"]} == {str(9900000000 + n) for n in range(1, STUDENTS + 1)}
    everybody = {str(9900000000 + n) for n in range(1, STUDENTS + 31)}
    assert {row["1.08"] for row in rows["SENR"]} == {row["2.09"] for row in rows["SINF"]} == everybody


def test_lines_stand_in_the_order_of_the_students(rows):
    for record, of_record in rows.items():
        ssids = [row[SSID[record]] for row in of_record]
        assert ssids == sorted(ssids)


def test_only_codes_are_used_that_are_known_and_current(rows):
    for record, of_record in rows.items():
        for field in layout(record).fields:
            if field.code_set:
                current = {code.code for code in code_set(field.code_set).current()}
                assert {row[field.number] for row in of_record} <= {"", *current}, field.number


def test_required_fields_are_filled(rows):
    for record, of_record in rows.items():
        for field in layout(record).fields:
            if field.is_required:
                assert all(row[field.number] for row in of_record), field.number


def test_nothing_lies_after_the_day_of_the_files(rows):
    for record, of_record in rows.items():
        dates = [field.number for field in layout(record).fields if field.type == "date"]
        extra = [] if record in SIS_RECORDS else ["upload_date", "last_updated"]
        assert all(row[number] <= AS_OF for row in of_record for number in [*dates, *extra])


def test_plans_fit_the_age_at_their_start(rows):
    births = {row["2.09"]: row["2.18"] for row in rows["SINF"]}
    for row in rows["PLAN"]:
        age = (int(row["23.12"]) - int(births[row["23.06"]])) // 10000
        assert (row["23.11"] == "150") == (age < 3)
        assert age < 23
        if row["23.20"] in ("102", "103", "104"):
            assert age < 3
        if row["23.20"] in ("201", "203", "204"):
            assert 3 <= age < 7
        assert bool(row["23.21"]) == (row["23.20"] == "201")
        if row["23.20"] in ("400", "500"):
            assert 0 <= int(row["23.23"]) <= 100
        if row["23.11"] == "150":
            assert row["23.35"] in ("Y", "N")


def test_every_plan_has_services_of_its_own(rows):
    services = {(row["25.04"], row["25.07"], row["25.17"]) for row in rows["SERV"]}
    plans = Counter((row["23.04"], row["23.06"], row["23.12"]) for row in rows["PLAN"])
    assert set(plans) == services
    assert set(plans.values()) == {1}


def test_there_is_somebody_of_every_sort(rows):
    assert {row["1.04"] for row in rows["SENR"]} == LEAS
    assert {row["1.05"] for row in rows["SENR"]} > {"0000001", "0000002"}
    assert {row["23.11"] for row in rows["PLAN"]} == {"100", "150", "200"}
    assert {row["23.13"] for row in rows["PLAN"]} == {"1", "2", "3"}
    assert {row["24.14"] for row in rows["MEET"]} == {"", "10", "15", "40"}
    assert {row["22.12"] for row in rows["SWDS"]} == {"1", "2", "3", "4"}
    assert {row["1.07"] for row in rows["SENR"]} == {f"{y}-{y + 1}" for y in range(2023, 2027)}
    assert {"E155", "E230", "E400", ""} == {row["1.26"] for row in rows["SENR"]}


def test_whoever_completed_school_says_in_the_year_after_what_came_of_it(rows):
    left = {row["1.08"]: row["1.07"] for row in rows["SENR"] if row["1.27"]}
    asked = {row["17.08"]: row["17.07"] for row in rows["PSTS"] if row["17.11"] == "30"}
    after = {"2023-2024": "2024-2025", "2024-2025": "2025-2026", "2025-2026": "2026-2027"}
    assert left and asked == {ssid: after[year] for ssid, year in left.items()}
    assert {row["17.11"] for row in rows["PSTS"]} == {"20", "30"}
    for row in rows["PSTS"]:
        assert (row["17.10"], bool(row["17.09"])) == (("9901", True) if row["17.11"] == "30" else ("", False))


def test_adults_in_transition_and_graduates_say_so_in_their_enrollment(rows):
    for row in rows["SENR"]:
        assert (row["1.35"] == "N") is (row["1.27"] == "100")
        assert row["1.34"] in (("", "Y", "N") if row["1.24"] == "12" else ("",))
    assert {row["1.34"] for row in rows["SENR"]} == {"", "Y", "N"}


# Names


def test_students_and_families_are_plants_and_birds(rows, people):
    for row in rows["SENR"]:
        assert row["1.10"] in NATURE and row["1.11"] in {"", *NATURE} and row["1.12"] == "Testcase"
    for row in rows["SINF"]:
        assert row["2.11"] in NATURE and row["2.12"] in {"", *NATURE} and row["2.13"] == "Testcase"
        assert {row["2.39"], row["2.41"]} <= {"", *NATURE}
        assert {row["2.40"], row["2.42"]} <= {"", "Testcase"}
    for row in people:
        if row["kind"] == "rights_holder":
            assert row["first_name"] in NATURE and row["last_name"] == "Testcase"
        if row["kind"] == "staff":
            assert row["first_name"] in NATURE and row["last_name"] != "Testcase"
            assert row["email"].endswith("@example.org")


# Demo students


def test_the_eleven_are_there_by_name_and_nobody_else_has_their_names(rows):
    names = {row["1.08"]: row["1.10"] for row in rows["SENR"]}
    demo = [names[str(9900000000 + n)] for n in range(1, 12)]
    assert demo == [
        *("Lupine", "Osprey", "Egret", "Swift", "Cedar", "Junco", "Larkspur", "Wren", "Clarkia", "Magpie"),
        "Tanager",
    ]
    assert all(Counter(names.values())[name] == 1 for name in demo)


def test_all_of_the_eleven_but_the_fourth_are_in_chaparral_today(of):
    where = {n: [lea for lea, end in of(n, "SENR", "1.04", "1.25") if not end] for n in range(1, 12)}
    assert where == {n: [HERON_CREEK if n == 4 else CHAPARRAL] for n in range(1, 12)}


def test_1_a_plain_annual_review_is_due_next_month(of):
    assert of(1, "MEET", "24.15", "24.14", "24.16", "24.17", "24.18") == [
        ("20241216", "10", "20", "N", ""),
        ("20251215", "", "", "Y", ""),
    ]
    assert of(1, "PLAN", "23.12", "23.13", "23.15", "23.16", "23.10") == [
        ("20241216", "1", "290", "MMSN", CHAPARRAL),
        ("20250422", "2", "290", "MMSN", CHAPARRAL),
        ("20251215", "1", "290", "MMSN", CHAPARRAL),
    ]
    assert [s for s in of(1, "SERV", "25.17", "25.11", "25.15") if s[0] == "20251215"] == [
        ("20251215", "330", "180"),
        ("20251215", "415", "60"),
    ]
    assert of(1, "SWDS", "22.11", "22.12", "22.10") == [("20241216", "1", "20241216")]
    assert of(1, "SENR", "1.24") == ["01", "02", "03", "04"]


def test_2_the_triennial_has_been_due_since_early_november(of):
    assert of(2, "MEET", "24.15", "24.14", "24.17") == [
        ("20231106", "40", "Y"),
        ("20241105", "", "Y"),
        ("20251104", "", "Y"),
    ]
    assert of(2, "PLAN", "23.12") == ["20231106", "20241105", "20251104"]


def test_3_chaparral_adopted_the_plan_when_the_student_came_from_heron_creek(of):
    assert of(3, "SENR", "1.04", "1.22", "1.25", "1.26")[-2:] == [
        (HERON_CREEK, "20260817", "20261016", "E400"),
        (CHAPARRAL, "20261019", "", ""),
    ]
    assert of(3, "PLAN", "23.04", "23.12", "23.13")[-2:] == [
        (HERON_CREEK, "20260127", "1"),
        (CHAPARRAL, "20261019", "3"),
    ]
    services = of(3, "SERV", "25.17", "25.11", "25.14", "25.15")
    before, after = ([s[1:] for s in services if s[0] == day] for day in ("20260127", "20261019"))
    assert before == after == [("330", "20", "240"), ("415", "20", "40"), ("450", "20", "30")]
    # The status did not change, so Chaparral sent none.
    assert of(3, "SWDS", "22.04", "22.12") == [(HERON_CREEK, "1")]


def test_4_chaparral_had_the_student_on_census_day(of):
    assert of(4, "SENR", "1.04", "1.22", "1.25")[-2:] == [
        (CHAPARRAL, "20260813", "20261023"),
        (HERON_CREEK, "20261026", ""),
    ]
    assert of(4, "PLAN", "23.04", "23.12", "23.13")[-1] == (HERON_CREEK, "20261026", "3")


def test_5_another_district_is_accountable(of):
    assert set(of(5, "PLAN", "23.04", "23.10")) == {(CHAPARRAL, HERON_CREEK)}
    assert set(of(5, "SENR", "1.04", "1.31")) == {(CHAPARRAL, HERON_CREEK)}
    assert of(5, "MEET", "24.15", "24.14") == [("20240418", "40"), ("20250415", ""), ("20260326", "")]


def test_6_7_and_8_stand_in_the_nonpublic_the_private_and_the_preschool(of):
    assert of(6, "SENR", "1.05", "1.06")[-1] == ("0000001", "9950011")
    assert of(7, "SENR", "1.05", "1.06", "1.23")[-1] == ("0000002", "", "50")
    # The ISP, and a newer IEP of the LEA the student came from: the conflict to settle.
    assert of(7, "PLAN", "23.04", "23.11", "23.12")[-2:] == [
        (CHAPARRAL, "200", "20260824"),
        (HERON_CREEK, "100", "20261013"),
    ]
    assert set(of(8, "SENR", "1.17")) == {"20230721"}
    assert of(8, "PLAN", "23.04", "23.11", "23.12") == [
        (COUNTY_OFFICE, "150", "20250916"),
        (CHAPARRAL, "100", "20260721"),
    ]


def test_9_found_in_spring_and_started_in_autumn(of):
    assert of(9, "SWDS", "22.11", "22.12", "22.13", "22.10") == [
        ("20260514", "2", "12", ""),
        ("20260908", "1", "", "20260908"),
    ]
    assert of(9, "MEET", "24.15", "24.14", "24.16", "24.13") == [("20260514", "10", "20", "20260323")]
    assert of(9, "PLAN", "23.12", "23.13") == [("20260908", "1")]
    assert of(9, "SERV", "25.17", "25.11") == [("20260908", "415"), ("20260908", "330")]


def test_10_s_review_of_this_autumn_is_for_the_demo_to_hold_and_11_has_one_ssid(of):
    assert of(10, "MEET", "24.15")[-1] == "20251009"
    assert [s for s in of(10, "SERV", "25.17", "25.11") if s[0] > "20251008"] == [("20251009", "330")]
    assert of(11, "MEET", "24.15", "24.14") == [("20240312", ""), ("20250311", ""), ("20260305", "40")]


@pytest.mark.parametrize("number", set(range(1, 12)) - {8, 9})
def test_histories_reach_back_to_the_first_year_without_a_late_review(of, number):
    years = {day[:4] for day in of(number, "SENR", "1.22")}
    assert years >= {"2023", "2024", "2025", "2026"}
    assert min(of(number, "PLAN", "23.12")) < "20241220"
    reviews = sorted(of(number, "MEET", "24.15"))
    assert all(int(later) <= int(earlier) + 10000 for earlier, later in pairwise(reviews))


def test_the_demo_case_manager_is_the_first_one_and_has_all_ten(people):
    assigned = {row["ssid"]: row["person_id"] for row in people if row["kind"] == "assignment"}
    demo = {assigned[str(9900000000 + n)] for n in range(1, 12) if n != 4}
    managers = [row for row in people if row["role"] == "case_manager" and row["agency"] == CHAPARRAL]
    assert demo == {managers[0]["person_id"]}


# People, organizations, calendars


def test_there_is_one_coordinator_for_each_lea_and_the_county_office(people):
    coordinators = Counter(row["agency"] for row in people if row["role"] == "coordinator")
    assert coordinators == dict.fromkeys(LEAS, 1)
    emails = [row["email"] for row in people if row["kind"] == "staff"]
    assert len(emails) == len(set(emails))


def test_there_is_one_person_for_each_other_perspective(rows, people):
    others = [
        row for row in people if row["kind"] == "staff" and row["role"] not in ("coordinator", "case_manager")
    ]
    assert [(row["role"], row["agency"], row["schools"]) for row in others] == [
        ("selpa", "9901", ""),
        ("school", CHAPARRAL, "9911001 9911005"),
        ("district_provider", CHAPARRAL, ""),
        ("nps_administrator", "9950011", ""),
        ("npa_provider", "9970011", ""),
        ("sis_staff", CHAPARRAL, ""),
        ("office_clerk", CHAPARRAL, ""),
        ("residence", HERON_CREEK, ""),
    ]
    (provider,) = (row["person_id"] for row in others if row["role"] == "npa_provider")
    let_in = [row["managed_by"] for row in people if row["person_id"] == provider and row["managed_by"]]
    assert let_in == [CHAPARRAL, HERON_CREEK]
    served = {row["25.07"] for row in rows["SERV"] if row["25.05"] == "9970011"}
    team = [row for row in people if row["kind"] == "team"]
    assert team and {row["person_id"] for row in team} == {provider}
    assert {row["ssid"] for row in team} <= served


def test_the_npa_provider_has_four_students_of_each_of_two_districts():
    world, staff = World(1, date(2026, 11, 23), student_count=2000), Staff()
    districts = Counter()
    for index in range(12, 2001):
        student = random_student(world, index)
        team = [row for row in staff.student_rows(student, is_demo=False) if row["kind"] == "team"]
        districts.update(student.current_enrollment.lea for _ in team)
    assert districts == {CHAPARRAL: 4, HERON_CREEK: 4}


def test_whoever_participates_today_has_a_case_manager_at_the_lea_and_rights_holders(rows, people):
    status = {row["22.06"]: row["22.12"] for row in sorted(rows["SWDS"], key=lambda row: row["22.11"])}
    here = {row["1.08"]: row["1.04"] for row in rows["SENR"] if not row["1.25"]}
    current = {ssid for ssid in here if status.get(ssid) == "1"}
    staff = {row["person_id"]: row for row in people if row["kind"] == "staff"}
    assigned = [(row["ssid"], row["person_id"]) for row in people if row["kind"] == "assignment"]
    assert len(assigned) == len(current) and {ssid for ssid, _ in assigned} == current
    assert all(staff[person]["agency"] == here[ssid] for ssid, person in assigned)
    assert max(Counter(person for _, person in assigned).values()) <= 25
    holders = Counter(row["ssid"] for row in people if row["kind"] == "rights_holder")
    assert current <= holders.keys() and set(holders.values()) == {1, 2}


def test_staff_stand_before_the_first_row_that_names_them(people):
    seen = set()
    for row in people:
        if row["kind"] == "staff":
            seen.add(row["person_id"])
        if row["kind"] == "assignment":
            assert row["person_id"] in seen


def test_more_students_live_in_more_selpas():
    world = World(1, date(2026, 11, 23), student_count=30_500)
    assert [selpa.code for selpa in world.selpas] == ["9901", "9902", "9903", "9904"]
    for index, selpa in ((10_000, 0), (10_001, 1), (30_000, 2), (30_500, 3)):
        student = random_student(world, index)
        leas = {lea.code for lea in world.selpas[selpa].leas}
        assert {enrollment.lea for enrollment in student.enrollments} <= leas
        assert student.selpa_code == world.selpas[selpa].code


def test_no_two_agencies_or_schools_of_a_whole_state_share_a_code_and_no_two_leas_a_name():
    selpas = selpas_for(MOST_STUDENTS)
    leas = [lea for selpa in selpas for lea in selpa.leas]
    schools = [
        school
        for selpa in selpas
        for school in (*selpa.schools, *selpa.nonpublic_schools, *selpa.private_schools)
    ]
    codes = [agency.code for agency in (*leas, *schools)]
    assert len(codes) == len(set(codes)) and {len(code) for code in codes} == {7}
    assert len({lea.name for lea in leas}) == len(leas) == 9 * 99
    assert {school.lea for school in schools} - {""} <= {lea.code for lea in leas}


def test_organizations_name_parents_that_are_in_the_file(folder):
    orgs = csv_rows(folder / "orgs.csv")
    codes = {row["code"] for row in orgs}
    assert all(not row["parent"] or row["parent"] in codes for row in orgs)
    assert {row["kind"] for row in orgs} >= {"selpa", "lea", "coe", "school", "nps", "npa", "private_school"}


def test_calendars_have_the_periods_of_each_year_as_manzanita_takes_them_in(folder):
    assert csv_rows(folder / "calendar_9910017.csv")[-11:] == [
        {"lea": "9910017", "school": "", "track": "", "kind": kind, "start": start, "end": end}
        for kind, start, end in (
            ("term", "2026-08-13", "2027-06-04"),
            ("holiday", "2026-09-07", "2026-09-07"),
            ("holiday", "2026-11-11", "2026-11-11"),
            ("break", "2026-11-23", "2026-11-27"),
            ("holiday", "2026-11-26", "2026-11-27"),
            ("break", "2026-12-21", "2027-01-01"),
            ("holiday", "2027-01-18", "2027-01-18"),
            ("holiday", "2027-02-15", "2027-02-15"),
            ("break", "2027-04-05", "2027-04-09"),
            ("holiday", "2027-05-31", "2027-05-31"),
            ("summer", "2027-06-05", "2027-08-11"),
        )
    ]


def test_students_are_enrolled_on_school_days_of_their_lea(folder, rows):
    calendars = {
        path.stem.removeprefix("calendar_"): Calendar(read_calendar_csv(path.read_text(encoding="utf-8")))
        for path in folder.glob("calendar_*.csv")
    }
    for row in rows["SENR"]:
        if row["1.24"] not in ("IN", "PS"):
            assert calendars[row["1.04"]].is_school_day(parse_state_date(row["1.22"])), row


# Planted errors


def planted_in(folder):
    return [json.loads(line) for line in (folder / "planted.jsonl").read_text().splitlines()]


# Their faults take more than one changed value, or a rare student; `tests/data/cases` has one of each.
NOT_PLANTED = {
    *("MZ-MEET-FUTURE", "MZ-MEET-BEFORE-BIRTH", "MZ-MEET-LATE-INITIAL", "MZ-MEET-LATE-PART-C"),
    *("MZ-MEET-LATE-FIRST", "MZ-MEET-PENDING-LATE", "MZ-MEET-PENDING-HELD", "MZ-MEET-PENDING-BOTH"),
    *("MZ-MEET-TWO-LEAS", "MZ-MEET-SECOND-INITIAL", "MZ-MEET-NOT-ELIGIBLE", "MZ-PLAN-ENROLLMENT"),
    *("MZ-PLAN-ADOPTION", "MZ-PLAN-NOT-PARTICIPATING", "MZ-PLAN-NO-SERVICE", "MZ-PLAN-IFSP-AGE"),
    *("MZ-PLAN-IFSP-TRANSITION", "MZ-PLAN-KINDERGARTEN", "MZ-PLAN-NPS-SETTING", "MZ-PLAN-MAX-AGE"),
    *("MZ-STATUS-SAME-DAY", "MZ-STATUS-BEFORE-BIRTH", "MZ-STATUS-OUTCOME", "MZ-STATUS-COMPLETED"),
    *("MZ-STATUS-MAX-AGE", "MZ-STATUS-NO-PLAN", "MZ-PSTS-ENROLLED", "MZ-PSTS-NO-STATUS"),
}


def test_every_rule_has_its_error_or_is_named_without_one(damaged):
    rules = {
        rule.code
        for rule in (*field_rules(), *row_rules())
        if rule.is_in_force(USUAL.year) and not rule.is_switched_off(USUAL.as_of)
    }
    assert {entry["code"] for entry in planted_in(damaged)} == {*rules, "MZ-LINE"} - NOT_PLANTED
    assert rules > NOT_PLANTED


def test_no_student_has_two_errors_and_no_demo_student_has_one(damaged):
    ssids = [int(entry["ssid"]) for entry in planted_in(damaged)]
    assert len(ssids) == len(set(ssids))
    assert min(ssids) > 9900000011


def test_nothing_differs_from_the_clean_files_but_the_lines_that_are_named(damaged, tmp_path):
    clean = synth(tmp_path, "--students", "2000")
    differing = {
        (name, number)
        for name in FILES.values()
        for number, (ours, theirs) in enumerate(
            zip(
                (damaged / name).read_text().splitlines(),
                (clean / name).read_text().splitlines(),
                strict=True,
            ),
            start=1,
        )
        if ours != theirs
    }
    # A plan without a status, or without an enrollment, is found on the plan, and a status without a meeting on the
    # status; what was changed is the other record.
    elsewhere = {"PLAN0673F1": "ODS_SWDS.txt", "SWDS0605E4": "ODS_MEET.txt", "PLAN0637E4": "SIS_SENR.txt"}
    named = {(e["file"], e["line"]) for e in planted_in(damaged) if e["code"] not in elsewhere}
    changed = [elsewhere[e["code"]] for e in planted_in(damaged) if e["code"] in elsewhere]
    assert named <= differing
    assert sorted(name for name, _ in differing - named) == sorted(changed)


def test_what_a_line_says_is_what_the_list_says_it_says(damaged):
    lines = {name: (damaged / name).read_text().splitlines() for name in FILES.values()}
    for entry in planted_in(damaged):
        line = lines[entry["file"]][entry["line"] - 1]
        assert entry["ssid"] in line
        if entry["field"].startswith(layout(entry["record"]).fields[0].number.split(".")[0] + "."):
            position = layout(entry["record"]).numbers.index(entry["field"])
            assert line.split("^")[position] == entry["now"] != entry["was"]


def test_the_rate_is_the_share_of_lines(damaged):
    lines = sum(len((damaged / name).read_text().splitlines()) for name in FILES.values())
    assert 0.003 < len(planted_in(damaged)) / lines < 0.009


def test_one_agreement_ended_last_month_and_every_other_is_of_the_school_year(folder):
    rows = [tuple(row.values()) for row in csv_rows(folder / "agreements.csv")]
    assert len(rows) == 18
    ended = (CHAPARRAL, "9950029", "2025-017-02", "2025-11-01", "2026-10-31")
    assert ended in rows
    assert {row[3:] for row in rows if row != ended} == {("2026-07-01", "2027-06-30")}
    assert "9950037" not in {row[1] for row in rows}


def test_in_january_the_month_before_is_december():
    (row,) = [
        row
        for row in agreement_rows(selpas_for(20), date(2027, 1, 15), 2026)
        if row[:2] == (CHAPARRAL, "9950029")
    ]
    assert row[3:] == ("2026-01-01", "2026-12-31")
