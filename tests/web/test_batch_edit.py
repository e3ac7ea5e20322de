"""One field of many students: chosen, pasted or uploaded; looked at, applied, taken back."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from manzanita.auditing.models import ChangeEvent
from manzanita.orgs.models import Agency, School
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.tables import Table, as_csv, as_xlsx
from manzanita.students.actions import state_one, state_student_facts
from manzanita.students.models import AgencyRelation, BatchEdit, CaseAssignment, NextYear, Student
from tests.support import world as w
from tests.support.pages import enrollment, many_students, other_coordinator, words

BATCH_QUERIES = 17
NEXT = {
    "field": "next_school",
    "value_next_school": f"{w.OTHER_LEA}/{w.OTHER_SCHOOL}",
    "reason": "Feeder schools",
}


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


def drafted(client, **sent) -> BatchEdit:
    answer = client.post("/students/edit", sent)
    assert answer.status_code == 302, words(answer)
    return BatchEdit.objects.get(public_id=answer.url.rsplit("/", 1)[1])


def do(client, batch: BatchEdit, what: str) -> None:
    assert client.post(f"/students/edits/{batch.public_id}", {"do": what}).status_code == 302
    run_jobs_now(raises_errors=True)
    batch.refresh_from_db()


def next_schools() -> list[tuple[str, str, str, date, date | None]]:
    rows = AgencyRelation.objects.believed().filter(relationship="next_year").order_by("student_id")
    return list(
        rows.values_list(
            "student__first_name", "agency_code", "school_code", "effective_from", "effective_to"
        )
    )


def test_pasted_students_get_next_year_s_school_and_it_is_taken_back(client, small_world):
    pasted = "9900000005\nTestcase, Towhee\nL0004\n9999999999\nTestcase, Sage\n9900000005\n"
    yarrow = small_world.students["yarrow"]
    state_one(
        "agency",
        slot={"student_id": yarrow.pk, "relationship": "next_year"},
        values={"agency_code": w.OTHER_LEA, "school_code": w.OTHER_SCHOOL},
        effective_from=w.TODAY,
        effective_to=date(2027, 6, 30),
        by_id=None,
        cause="test",
    )
    local = yarrow.pk and "L" + w.SSIDS["yarrow"][-4:]
    batch = drafted(client, **NEXT, pasted=pasted.replace("L0004", local))
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert (
        "Nothing is done yet. 2 students would change, 1 has the value already, "
        "and 2 lines match no student, 1 line repeats another: see below." in page
    )
    assert (
        "Testcase, Alder 9900000005 4, Buckeye Elementary was Blank Willow Bend Elementary, Heron Creek Unified Changes"
        in page
    )
    assert (
        "4 9999999999 No student within your reach has this SSID. Look the student up, correct the line, and "
        "paste it again. Find the student Owner: You · One line is one student" in page
    )
    # Of the other district's student not even the name is known here.
    assert "5 Testcase, Sage No student within your reach has this name." in page
    assert "6 9900000005 The student stands in line 1 already." in page
    assert next_schools() == [("Yarrow", w.OTHER_LEA, w.OTHER_SCHOOL, w.TODAY, date(2027, 6, 30))]

    for _ in range(2):
        do(client, batch, "apply")
    end = date(2027, 6, 30)
    assert sorted(next_schools()) == [
        (name, w.OTHER_LEA, w.OTHER_SCHOOL, w.TODAY, end) for name in ("Alder", "Towhee", "Yarrow")
    ]
    assert ChangeEvent.objects.filter(action="batch_edit").count() == 2
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert "2 students changed." in page

    for _ in range(2):
        do(client, batch, "undo")
    assert next_schools() == [("Yarrow", w.OTHER_LEA, w.OTHER_SCHOOL, w.TODAY, end)]
    assert "2 students have what they had before." in words(client.get(f"/students/edits/{batch.public_id}"))
    assert batch.state == "undone"


def test_a_list_that_was_found_is_changed(client):
    page = words(client.get("/students"))
    assert "Change these" in page
    page = words(client.get("/students/edit?list=all"))
    assert "Students : 3 students. Paste others instead" in page
    batch = drafted(client, field="next_grade", value_next_grade="05", reason="Rollover", list="all")
    do(client, batch, "apply")
    rows = NextYear.objects.believed().order_by("student_id")
    assert list(rows.values_list("student__first_name", "grade_code", "effective_to")) == [
        (name, "05", date(2027, 6, 30)) for name in ("Alder", "Towhee", "Yarrow")
    ]


def test_a_table_comes_back_from_a_spreadsheet_and_only_what_differs_changes(client, small_world):
    alder, towhee = (small_world.students[name] for name in ("alder", "towhee"))
    Student.unscoped.filter(pk=towhee.pk).update(local_sped_id="SE-7")
    text = (
        "Student,SSID,Special education ID\r\n"
        f'"Testcase, Alder",{w.SSIDS["alder"]},SE-0099\r\n'
        f'"Testcase, Towhee",{w.SSIDS["towhee"]},SE-7\r\n'
        f'"Testcase, Yarrow",{w.SSIDS["yarrow"]},SE-0099\r\n'
        "Nobody Known,,SE-8\r\n"
    )
    file = SimpleUploadedFile("back.csv", text.encode("cp1252"), content_type="text/csv")
    batch = drafted(client, field="local_sped_id", reason="New numbers", file=file)
    lines = {one.student.first_name: (one.state, one.reason.get("text", "")) for one in batch.lines.all()}
    assert lines == {
        "Alder": ("refused", "Several lines give this ID."),
        "Towhee": ("same", ""),
        "Yarrow": ("refused", "Several lines give this ID."),
    }
    answer = client.post(f"/students/edits/{batch.public_id}", {"do": "apply"})
    assert answer.status_code == 422 and "There is nothing to change" in words(answer)

    batch = drafted(
        client, field="local_sped_id", reason="New numbers", pasted=text.replace("SE-0099", "SE-0098", 1)
    )
    do(client, batch, "apply")
    alder.refresh_from_db()
    assert alder.local_sped_id == "SE-0098"
    do(client, batch, "undo")
    alder.refresh_from_db()
    assert alder.local_sped_id == "SE-0005"


def test_a_list_that_went_out_comes_back_as_the_file_it_was(client, small_world):
    """As workbook, and as CSV with the words about it above the table: changed in one cell, nothing else moves."""
    columns = ["Student", "SSID", "Birth date", "Special education ID"]
    rows = [
        ["Testcase, Alder", w.SSIDS["alder"], date(2016, 4, 9), "SE-0098"],
        ["Testcase, Towhee", w.SSIDS["towhee"], None, ""],
    ]
    table = Table(
        "Students", [("List", "Students"), ("Scope", "All, of the district")], "Confidential", columns, rows
    )
    for name, content in (("back.xlsx", as_xlsx(table)), ("back.csv", as_csv(table))):
        file = SimpleUploadedFile(name, b"".join(content))
        batch = drafted(client, field="local_sped_id", reason="New numbers", file=file)
        lines = {one.student.first_name: (one.state, one.new) for one in batch.lines.all()}
        assert lines == {"Alder": ("ready", "SE-0098"), "Towhee": ("refused", "")}, name
        assert batch.problems == []


def exported(client) -> str:
    """The list of students as it leaves the page."""
    answer = client.post("/exports", {"list": "all", "search": "", "form": "csv", "ask": "key-of-a-page-1"})
    run_jobs_now(raises_errors=True)
    return client.get(f"{answer.url}/download").content.decode()


def test_an_export_comes_back_unchanged_and_then_with_one_cell_edited(client, small_world):
    """Alder and Towhee are Wren's; nobody is Yarrow's case manager."""
    text = exported(client)
    assert "Testcase, Yarrow" in text and "Contains confidential" in text.splitlines()[0]
    case = {"field": "case_manager", "reason": "New year"}
    batch = drafted(client, **case, pasted=text)
    assert {state for _, _, state, _ in lines(batch)} == {"same"} and batch.problems == []
    assert "above the heads, which say what the table is." in words(
        client.get(f"/students/edits/{batch.public_id}")
    )
    file = SimpleUploadedFile("back.csv", text.encode(), content_type="text/csv")
    assert {one[2] for one in lines(drafted(client, **case, file=file))} == {"same"}

    row = next(line for line in text.splitlines() if "Testcase, Yarrow" in line)
    edited = row.rsplit(",", 2)
    assert edited[1] == ""
    changed = text.replace(row, ",".join((edited[0], "Wren Placeholder", edited[2])))
    assert [(name, state) for name, _, state, _ in lines(drafted(client, **case, pasted=changed))] == [
        ("Alder", "same"),
        ("Towhee", "same"),
        ("Yarrow", "ready"),
    ]
    # Taking the case manager away by a blank cell stays refused.
    emptied = text.replace("Wren Placeholder", "")
    refused = [one for one in lines(drafted(client, **case, pasted=emptied)) if one[2] == "refused"]
    assert [(one[0], one[3]) for one in refused] == [("Alder", "no-value"), ("Towhee", "no-value")]


def test_a_case_manager_by_name_is_judged_as_on_the_page_of_assignments(client, small_world):
    yarrow = small_world.students["yarrow"]
    text = f"SSID\tCase manager\n{w.SSIDS['yarrow']}\tWren Placeholder\n{w.SSIDS['alder']}\tNobody Known\n"
    batch = drafted(client, field="case_manager", reason="New year", pasted=text)
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert "“Nobody Known” is nobody whom you can give students." in page
    do(client, batch, "apply")
    assert CaseAssignment.objects.believed().get(student=yarrow).user == small_world.case_manager
    do(client, batch, "undo")
    assert not CaseAssignment.objects.believed().filter(student=yarrow).exists()


def test_what_changed_since_the_look_stays_and_says_so_on_both_ways(client, small_world):
    alder, towhee = (small_world.students[name] for name in ("alder", "towhee"))
    batch = drafted(client, field="next_grade", value_next_grade="05", reason="Rollover", list="all")

    def grade(student, code) -> None:
        state_one(
            "next_year",
            slot={"student_id": student.pk},
            values={"grade_code": code},
            effective_from=w.TODAY,
            by_id=None,
            cause="test",
        )

    grade(alder, "06")
    do(client, batch, "apply")
    states = dict(batch.lines.values_list("student__first_name", "state"))
    assert states == {"Alder": "refused", "Towhee": "done", "Yarrow": "done"}
    assert "Somebody has changed the value since you looked." in words(
        client.get(f"/students/edits/{batch.public_id}?show=refused")
    )
    grade(towhee, "07")
    do(client, batch, "undo")
    states = dict(batch.lines.values_list("student__first_name", "state"))
    assert states == {"Alder": "refused", "Towhee": "kept", "Yarrow": "undone"}
    now = NextYear.objects.believed().order_by("student_id").values_list("student__first_name", "grade_code")
    assert list(now) == [("Alder", "06"), ("Towhee", "07")]


def test_the_job_asks_again_what_its_maker_may(client, small_world):
    batch = drafted(client, field="next_grade", value_next_grade="05", reason="Rollover", list="all")
    client.post(f"/students/edits/{batch.public_id}", {"do": "apply"})
    small_world.coordinator.is_active = False
    small_world.coordinator.save()
    run_jobs_now(raises_errors=True)
    assert set(batch.lines.values_list("state", flat=True)) == {"refused"}
    assert not NextYear.objects.exists()


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"reason": " "}, "Why the students are changed: not said."),
        ({"field": "plan"}, "This is no field that you may change of many students at once."),
        ({"pasted": " "}, "Nothing stands there."),
        (
            {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04")},
            "The file cannot be read as an Excel workbook. Save it as .xlsx, without a password, and load it again.",
        ),
        ({"file": SimpleUploadedFile("a.csv", b"x" * 2_000_001)}, "The file is larger than 2 MB."),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_kept(client, sent, why):
    answer = client.post("/students/edit", NEXT | {"pasted": "9900000005"} | sent)
    assert answer.status_code == 422 and why in words(answer)
    assert not BatchEdit.objects.exists()


def test_a_draft_is_forgotten_with_what_was_pasted(client):
    batch = drafted(client, **NEXT, pasted="9900000005\nsecret, name")
    client.post(f"/students/edits/{batch.public_id}", {"do": "drop"})
    batch.refresh_from_db()
    assert (batch.state, batch.problems, batch.lines.count()) == ("dropped", [], 0)


def test_what_a_colleague_has_applied_is_not_called_canceled(client):
    batch = drafted(client, **NEXT, pasted="9900000005")
    do(client, batch, "apply")
    answer = client.post(f"/students/edits/{batch.public_id}", {"do": "drop"}, follow=True)
    assert "Canceled: nothing was changed." not in words(answer)
    assert "Not canceled: somebody has applied it." in words(answer) and "1 student changed." in words(answer)
    batch.refresh_from_db()
    assert batch.state == "done"
    second = drafted(client, **NEXT, pasted="Testcase, Towhee")
    for _ in range(2):
        answer = client.post(f"/students/edits/{second.public_id}", {"do": "drop"}, follow=True)
        assert "Canceled: nothing was changed." in words(answer)


def test_strangers_find_nothing_and_whoever_may_not_is_told(client, small_world, sign_in):
    batch = drafted(client, **NEXT, pasted="9900000005")
    stranger = sign_in(other_coordinator(small_world))
    for path in ("", "/progress", "/problems"):
        assert stranger.get(f"/students/edits/{batch.public_id}{path}").status_code == 404
    assert stranger.post(f"/students/edits/{batch.public_id}", {"do": "apply"}).status_code == 404
    answer = sign_in(small_world.case_manager).get("/students/edit")
    assert answer.status_code == 403 and "nobody changes many students at once" in words(answer)


@pytest.mark.parametrize("count", [2, 60])
def test_the_page_costs_the_same_for_few_and_many(client, django_assert_num_queries, count):
    many_students(count)
    batch = drafted(client, field="next_grade", value_next_grade="05", reason="Rollover", list="all")
    client.get(f"/students/edits/{batch.public_id}")
    with django_assert_num_queries(BATCH_QUERIES):
        client.get(f"/students/edits/{batch.public_id}")


TABLE = f"SSID, School\n{w.SSIDS['alder']}, Madrone High\n{w.SSIDS['towhee']}, Madrone High\n"
PLAIN = {"field": "next_school", "reason": "Feeder schools"}


def test_a_column_that_is_not_read_is_named_and_no_value_is_taken_for_it(client):
    answer = client.post("/students/edit", PLAIN | {"value_next_school": "", "pasted": TABLE})
    assert answer.status_code == 422 and not BatchEdit.objects.exists()
    page = words(answer)
    assert (
        "Next year's school: no value is chosen, and what you pasted has none. The column “School” is not read."
        in page
    )
    assert (
        "Choose a value for everybody, or call the column with each student’s value “Next year's school”."
        in page
    )
    # Only a value that somebody chose is everybody's, and the column stays named.
    batch = drafted(client, **NEXT, pasted=TABLE)
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert "Not read: “School”. The value is the same for everybody." in page
    assert "2 students would change, 0 have the value already" in page


def test_a_list_without_a_chosen_value_changes_nobody(client):
    for field in ("next_school", "next_grade", "case_manager"):
        answer = client.post("/students/edit", {"field": field, "reason": "Rollover", "list": "all"})
        assert answer.status_code == 422 and "no value is chosen" in words(answer)
    answer = client.post("/students/edit", {"field": "local_sped_id", "reason": "New", "pasted": TABLE})
    assert "Special education ID: what you pasted has none. The column “School” is not read." in words(answer)
    assert not BatchEdit.objects.exists()
    page = client.get("/students/edit").content.decode()
    choices = re.search(r'<select[^>]*name="value_next_school"[^>]*>(.*?)</select>', page)[1]
    assert (
        choices.startswith('<option value="">Choose, or paste a column</option>')
        and " selected" not in choices
    )


def test_taking_away_is_chosen_in_words_and_the_preview_counts_it(client, small_world):
    state_one(
        "agency",
        slot={"student_id": small_world.students["alder"].pk, "relationship": "next_year"},
        values={"agency_code": w.OTHER_LEA, "school_code": w.OTHER_SCHOOL},
        effective_from=w.TODAY,
        effective_to=date(2027, 6, 30),
        by_id=None,
        cause="test",
    )
    batch = drafted(client, **PLAIN, value_next_school="-", list="all")
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert "1 student would change, 1 of them to blank , 2 have the value already" in page
    do(client, batch, "apply")
    assert next_schools() == []


def test_two_of_one_name_are_told_apart_and_a_school_far_from_the_grade_is_doubted(client, small_world):
    """Everybody who attends Acorn Middle today, two of them, is in grade 7 or 8; Alder is in grade 4."""
    middle = School.objects.create(
        code="9912009", name="Acorn Middle", agency=Agency.objects.get(code=w.OTHER_LEA)
    )
    for student, grade in zip(many_students(2), ("07", "08"), strict=True):
        slot = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": w.TODAY}
        values = enrollment("L9") | {"grade_code": grade, "school_code": middle.code}
        state_student_facts("enrollment", [Statement(slot, values, w.TODAY)], by_id=None, cause="test")
    to_middle = NEXT | {"value_next_school": f"{w.OTHER_LEA}/{middle.code}"}
    batch = drafted(client, **to_middle, pasted=w.SSIDS["alder"])
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert "1 student would change, 1 of them to look at once more: see the rows" in page
    assert (
        "Check Grade 4 now; whoever attends Acorn Middle today is in grades 7 to 8. Look once more: "
        "it is changed all the same." in page
    )
    do(client, batch, "apply")
    assert [one[0] for one in next_schools()] == ["Alder"]


def test_ticked_students_are_changed_and_no_others(client, small_world):
    page = words(client.get("/students/next-year"))
    assert "Plan for the ticked students" in page and "Paste or upload a list" in page
    ticked = str(small_world.students["alder"].public_id)
    sage = str(small_world.students["sage"].public_id)  # of the other district
    sent = {"selected": [ticked, sage, "x"], "field": "next_school"}
    form = client.post("/students/edit", sent | {"do": "choose"})
    assert form.status_code == 200 and not BatchEdit.objects.exists()
    assert f'<input type="hidden" name="selected" value="{ticked}">' in form.content.decode()
    batch = drafted(client, **NEXT, selected=sent["selected"])
    do(client, batch, "apply")
    assert [one[0] for one in next_schools()] == ["Alder"]
    # And the way back stands where one plans.
    page = client.get("/students/next-year").content.decode()
    assert f'<a href="/students/edits/{batch.public_id}">' in page and "Planned for many lately" in page


GRADE = {"field": "next_grade", "reason": "Rollover"}


def lines(batch: BatchEdit) -> list[tuple[str, str, str, str]]:
    rows = batch.lines.order_by("student__first_name").select_related("student")
    return [(one.student.first_name, one.new, one.state, (one.reason or {}).get("code", "")) for one in rows]


def test_a_grade_that_is_no_step_of_one_year_is_looked_at_twice(client, small_world):
    """Alder is in grade 4 today, Towhee in 6: five is a step for the one, and back for the other."""
    pasted = f"{w.SSIDS['alder']}\nTestcase, Towhee"
    assert lines(drafted(client, **GRADE, value_next_grade="05", pasted=pasted)) == [
        ("Alder", "05", "ready", ""),
        ("Towhee", "05", "ready", "grade-jump"),
    ]
    batch = drafted(client, **GRADE, value_next_grade="06", pasted=w.SSIDS["alder"])
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert "Grade 4 now and grade 6 next year: 2 grades up at once." in page
    assert "1 of them to look at once more: see the rows" in page


def test_school_and_grade_of_now_are_those_of_the_primary_enrollment(client, small_world):
    """Towhee, in grade 6 at Buckeye Elementary, takes a course at another school, entered there as of grade 3."""
    state_one(
        "enrollment",
        slot={"student_id": small_world.students["towhee"].pk, "lea_code": w.LEA, "started_on": w.TODAY},
        values=enrollment("L9") | {"school_code": w.OTHER_SCHOOL, "grade_code": "03", "status_code": "20"},
        effective_from=w.TODAY,
        by_id=None,
        cause="test",
    )
    raised = drafted(client, **GRADE, value_next_grade="+1", pasted="Testcase, Towhee")
    assert lines(raised) == [("Towhee", "07", "ready", "school-ends")]
    stays = drafted(client, **GRADE, value_next_grade="06", pasted="Testcase, Towhee")
    assert lines(stays) == [("Towhee", "06", "ready", "")]


def test_one_grade_up_gives_each_an_own_value_and_guesses_no_school(client, small_world):
    batch = drafted(client, **GRADE, value_next_grade="+1", list="all")
    page = words(client.get(f"/students/edits/{batch.public_id}?show=ready"))
    # Nobody at Buckeye Elementary is in a grade above six today.
    assert lines(batch)[:2] == [("Alder", "05", "ready", ""), ("Towhee", "07", "ready", "school-ends")]
    assert "and no other school is planned. Plan next year's school, too: nothing says here which" in page
    for code, refused in (("12", "no-grade-up"), ("PS", "no-grade-up"), ("TK", "")):
        state_student_facts(
            "enrollment",
            [
                Statement(
                    {
                        "student_id": small_world.students["alder"].pk,
                        "lea_code": w.LEA,
                        "started_on": w.TODAY,
                    },
                    enrollment("L1") | {"grade_code": code},
                    w.TODAY,
                )
            ],
            by_id=None,
            cause="test",
        )
        ((_, new, state, why),) = lines(
            drafted(client, **GRADE, value_next_grade="+1", pasted=w.SSIDS["alder"])
        )
        if refused:
            assert (new, state, why) == ("", "refused", refused)
        else:
            assert (new, state) == ("KN", "ready")


def test_a_chosen_value_marks_its_field_and_the_grade_of_now_is_the_sis_s(client, small_world):
    page = words(client.get("/students/edit?list=all"))
    assert "Not here: grade and school of this year, name and birth date. The SIS owns them" in page
    sent = {"field": "next_school", "value_next_grade": "05", "reason": "Rollover", "list": "all"}
    assert drafted(client, **sent).field_key == "next_grade"
    # Two values and none for the marked field: nobody guesses.
    both = sent | {"field": "case_manager", "value_next_school": f"{w.LEA}/{w.SCHOOL}"}
    assert "Case manager: no value is chosen" in words(client.post("/students/edit", both))
    up = client.get("/students/edit?list=all&up=1").content.decode()
    assert re.search(r'name="field" value="next_grade" checked', up)
    assert '<option value="+1" selected>' in up
