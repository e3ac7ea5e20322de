"""Who comes and goes in the demo, as its coordinator finds it: the lists, and the same numbers on Home."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import time_machine

from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.arrivals.models import Arrival
from manzanita.cli import main
from manzanita.domain.special_groups import GROUPS
from manzanita.domain.statuses import Kind
from manzanita.orgs.models import Agreement, DirectoryRequest
from manzanita.procedures.demo import build_demo
from manzanita.procedures.leaving_many import departures
from manzanita.procedures.settling import records_to_settle
from manzanita.procedures.special_groups import beside_of, students_of_group
from manzanita.students.duplicates import pairs_in_reach
from manzanita.students.listing import list_students
from manzanita.students.models import Student
from manzanita.transfers.queries import open_transfers_of
from manzanita.web.home import _groups
from tests.support.world import NOON, TODAY

STUDENTS = "20"


@pytest.mark.django_db
def test_the_coordinator_of_the_demo_finds_a_mornings_work(tmp_path):
    files = tmp_path / "files"
    as_of = ("--as-of", TODAY.isoformat())
    assert main(["synth", "--students", STUDENTS, "--movers", *as_of, "--out", str(files)]) == 0
    with time_machine.travel(NOON, tick=False):
        (coordinator, *_) = build_demo(files, TODAY)
        user = User.objects.get(email=coordinator.email)
        actor = actor_of(user, grants_in_force(user, TODAY)[0])

        arrivals = {one.student.first_name: one for one in Arrival.objects.select_related("student")}
        assert {name: (one.kind, one.is_safe) for name, one in arrivals.items()} == {
            "Anhinga": ("arriving", True),
            "Bulrush": ("arriving", True),
            "Murre": ("arriving", True),
            "Shoveler": ("arriving", False),
            "Yellowlegs": ("arriving", False),
            "Auklet": ("look", False),
            "Fulmar": ("returning", False),
            "Currant": ("unserved", False),
            # Entered twice: an arrival of whom nothing is known but that it may be somebody who is.
            "Redpol": ("look", False),
            "Tule": ("look", False),
        }
        assert [one.student.first_name for one in departures(actor)] == ["Skimmer", "Jaeger", "Kittiwake"]
        pairs, _ = pairs_in_reach(actor)
        assert sorted(tuple(sorted(row.student.first_name for row in one.students)) for one in pairs) == [
            ("Redpol", "Redpoll"),
            ("Tule", "Tule"),
        ]
        names = dict(Student.unscoped.values_list("pk", "first_name"))
        assert {
            (names[one.student_id], one.receiving_code, one.sending_code) for one in open_transfers_of(actor)
        } == {("Woodcock", "9910025", "9910017"), ("Gentian", "9910017", "9910041")}

        kinds = Counter(one.item.kind for one in records_to_settle(actor))
        # The three who left, the one that is asked for, the one that a teacher reports.
        assert kinds[Kind.LEAVING] == 5
        said = {need.label: need.count for group in _groups(actor, None) for need in group.needs}
        assert said["Students who have come"] == 10
        assert said["Arrivals whose plans can be adopted at once"] == 3
        assert said["Students who may be entered twice"] == 2
        assert said["Transfers of students that wait for your district"] == 1
        assert said["Transfers of students that wait for others"] == 1
        assert said["To settle: leaving"] == 5
        assert "To settle: arriving" not in said, "each of them is an arrival, or asked for"

        # Nine LEAs with two nonpublic schools each.
        assert Agreement.objects.count() == 18
        ours = Agreement.objects.filter(lea_code="9910017").order_by("agency_code")
        assert [(one.agency_code, str(one.starts_on), str(one.ends_on), one.number) for one in ours] == [
            ("9950011", "2026-07-01", "2027-06-30", "2026-017-01"),
            ("9950029", "2025-11-01", "2026-10-31", "2025-017-02"),
        ]
        placed = list_students(students_of_group(actor, GROUPS["nps"]), actor).rows
        beside = beside_of(actor, GROUPS["nps"], placed)
        assert {row.student.first_name: beside[row.student.pk].agreement.words for row in placed} == {
            "Junco": "Agreement to 06/30/2027",
            "Dowitcher": "No agreement recorded",
        }
        waiting = DirectoryRequest.objects.filter(state="waiting").order_by("pk")
        assert [(one.kind, one.place, one.about) for one in waiting] == [
            ("closed", "school", "9911006"),
            ("new", "nps", "9950037"),
        ]


def test_without_movers_the_files_are_the_same_to_the_byte(tmp_path):
    for name, more in (("with", ("--movers",)), ("without", ()), ("again", ("--movers",))):
        assert main(["synth", "--students", "40", *more, "--out", str(tmp_path / name)]) == 0
    for path in sorted((tmp_path / "without").iterdir()):
        plain = path.read_bytes()
        more = (tmp_path / "with" / path.name).read_bytes()
        # They stand behind the others.
        assert more.startswith(plain), path.name
        assert more == (tmp_path / "again" / path.name).read_bytes()
    added = (
        (tmp_path / "with" / "SIS_SENR.txt")
        .read_text()
        .splitlines()[len((tmp_path / "without" / "SIS_SENR.txt").read_text().splitlines()) :]
    )
    ssids = {found for line in added for found in re.findall(r"\^(99\d{8})\^", line)}
    assert ssids == {str(9909000001 + number) for number in range(17)}
