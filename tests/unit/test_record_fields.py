"""Every field of the record is declared once: the state's five records, and the sections of the peer system."""

from __future__ import annotations

from collections import Counter

import pytest

from manzanita.domain.fields import Ownership
from manzanita.domain.layouts import packaged_layout
from manzanita.domain.record_fields import DECLARED, NOT_HELD, NOT_SHOWN, RECORD_FIELDS

# By hand: of each record, who owns the fields that only it has, in the order of the layout.
OWNERS = {
    "SWDS": {"22.10": "Computed", "22.11": "Office", "22.12": "Office", "22.13": "Office"},
    "MEET": {
        "24.10": "Computed",
        "24.11": "Meeting",
        "24.12": "Meeting",
        "24.13": "Meeting",
        "24.14": "Computed",
        "24.15": "Meeting",
        "24.16": "Meeting",
        "24.17": "Computed",
        "24.18": "Meeting",
    },
    "PLAN": {
        "23.10": "Computed",
        "23.11": "Meeting",
        "23.12": "Meeting",
        "23.13": "Computed",
        "23.14": "Office",
        "23.15": "Meeting",
        "23.16": "Meeting",
        "23.17": "Meeting",
        "23.18": "Meeting",
        "23.19": "Office",
        **{f"23.{position}": "Meeting" for position in range(20, 33)},
        "23.33": "Office",
        "23.34": "Meeting",
        "23.35": "Meeting",
    },
    "SERV": {f"25.{position}": "Meeting" for position in ("05", 11, 12, 13, 14, 15)},
    "PSTS": {f"17.{position}": "SIS" for position in ("05", "06", "07", 11, 12, 13, 14)},
}
# The same person and district in every record: (SWDS, MEET, PLAN, SERV, PSTS), "" where it has none.
IN_EVERY_RECORD = {
    "Reporting LEA": ("22.04", "24.04", "23.04", "25.04", "17.04"),
    "SSID": ("22.06", "24.06", "23.06", "25.07", "17.08"),
    "Local student ID": ("22.07", "24.07", "23.07", "25.08", ""),
    "Local special education ID": ("22.08", "24.08", "23.08", "25.16", "17.09"),
    "Reporting SELPA": ("22.09", "24.09", "23.09", "25.09", "17.10"),
}
NOT_ON_THE_PAGE = {
    "SWDS": "22.01 22.02 22.03 22.05",
    "MEET": "24.01 24.02 24.03 24.05 24.19",
    "PLAN": "23.01 23.02 23.03 23.05",
    "SERV": "25.01 25.02 25.03 25.06",
    "PSTS": "17.01 17.02 17.03",
}
# The sections of the peer's record page, by hand: its field, and ours or the first words of why there is none.
PEER = {
    "District attending": "enrollment.lea_code",
    "School attending": "enrollment.school_code",
    "School type, school track": "The SIS holds it",
    "District of geographic residence": "enrollment.residence_code",
    "Lives in the district of": "residence.agency_code",
    "School of residence": "The SIS holds it",
    "District of special education accountability": "plan.dsea_code",
    "District enrollment date": "enrollment.started_on",
    "Referral date": "meeting.referred_on",
    "Referral by": "meeting.referred_by_code",
    "Parental consent date": "meeting.consent_on",
    "Name": "student.last_name",
    "SSID": "ssid.ssid",
    "Local student ID": "enrollment.local_student_id",
    "Special education student ID": "student.local_sped_id",
    "Birth date": "student.birth_on",
    "Gender": "student.gender_code",
    "Ethnicity and races": "The SIS holds it",
    "Native language, English learner type, RFEP date": "The SIS holds it",
    "Grade": "enrollment.grade_code",
    "Primary disability": "plan.disability_1_code",
    "Degree of support": "plan.degree_of_support_1_code",
    "Plan type": "plan.plan_type_code",
    "Program": "plan.program_type_code",
    "Program setting": "plan.program_setting_code",
    "Primary residence": "plan.primary_residence_code",
    "Last plan review": "clock.last_plan_review_on",
    "Last evaluation": "clock.last_evaluation_on",
    "Plan effective date": "plan.effective_from",
    "Initial entry start date": "status.initial_entry_on",
    "Inactive date": "status.effective_from",
    "Inactive reason": "status.reason_code",
    "Extended school year: eligible, enrolled": "Not recorded yet",
    "Transition answers": "plan.has_postsecondary_goals_code",
    "Meeting delay reason": "meeting.delay_code",
    "Service": "service.service_code",
    "Service provider": "service.provider_code",
    "Vision, hearing, medication, health": "Not recorded yet",
    "Next district": "next.agency_code",
    "Next school": "next.school_code",
    "Next grade": "next_grade.grade_code",
    "Next program setting": "next_setting.program_setting_code",
}


def test_a_field_is_declared_once():
    numbers = Counter(number for one in RECORD_FIELDS for number in one.numbers)
    assert [number for number, count in numbers.items() if count > 1] == []
    assert len(DECLARED) == len(RECORD_FIELDS)
    assert not set(numbers) & set(NOT_SHOWN)


@pytest.mark.parametrize("record", ["SWDS", "MEET", "PLAN", "SERV", "PSTS"])
def test_every_field_of_a_layout_is_owned_or_left_out_with_a_reason(record):
    owners = {number: str(one.ownership) for one in RECORD_FIELDS for number in one.numbers}
    position = list(OWNERS).index(record)
    of_all = {
        numbers[position]: {"Local special education ID": "Office", "Reporting SELPA": "Computed"}.get(
            label, "SIS"
        )
        for label, numbers in IN_EVERY_RECORD.items()
        if numbers[position]
    }
    of_plan = {"25.10": "Computed", "25.17": "Meeting"} if record == "SERV" else {}
    expected = OWNERS[record] | of_all | of_plan
    left_out = NOT_ON_THE_PAGE[record].split()
    layout = packaged_layout(record).numbers
    assert sorted([*expected, *left_out]) == sorted(layout)
    assert {number: owners.get(number) for number in layout if number not in left_out} == expected
    assert all(NOT_SHOWN[number] for number in left_out)


def test_what_is_the_same_in_every_record_is_one_field():
    by_label = {one.label: set(one.numbers) for one in RECORD_FIELDS}
    for label, numbers in IN_EVERY_RECORD.items():
        assert set(numbers) - {""} <= by_label[label], label


def test_the_sections_of_the_peer_are_there_or_say_why_not():
    not_held = {one.label: one.reason for one in NOT_HELD}
    for label, ours in PEER.items():
        if ours in DECLARED:
            continue
        assert not_held[label].startswith(ours), label
    assert set(not_held) <= set(PEER)


def test_who_computes_says_by_which_rule():
    for one in RECORD_FIELDS:
        assert bool(one.rule) == (one.ownership is Ownership.COMPUTED), one.key
