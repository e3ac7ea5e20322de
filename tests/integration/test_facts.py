"""Facts at the database: what refuses a change, what refuses an overlap, and two writers at once."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from manzanita.platform import facts
from manzanita.platform.facts import ConcurrentStatement, Fact, Statement, state_fact, state_facts
from manzanita.students.actions import Identity, register_students
from manzanita.students.models import CaseAssignment, Plan

SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
MORNING = datetime(2026, 11, 2, 17, tzinfo=UTC)


def plan_values(disability: str = "210") -> dict[str, str]:
    return dict.fromkeys(Plan.content, "") | {"lea_code": "9910017", "disability_1_code": disability}


def new_student() -> int:
    return register_students([Identity("Fern", "", "Testcase")])[0].pk


def state_plan(student_id: int, disability: str, start: date, end: date | None = None, **how):
    return state_fact(
        Plan,
        slot={"student_id": student_id},
        values=plan_values(disability),
        effective_from=start,
        effective_to=end,
        by_id=None,
        cause="test",
        **how,
    )


def believed(student_id: int) -> list[tuple[date, date | None, str]]:
    rows = Plan.objects.believed().filter(student_id=student_id).order_by("effective_from")
    return [(row.effective_from, row.effective_to, row.disability_1_code) for row in rows]


@pytest.mark.django_db
def test_a_later_statement_cuts_the_earlier_one_and_both_stay_known():
    fern = new_student()
    state_plan(fern, "210", SEPTEMBER, at=MORNING)
    state_plan(fern, "290", NOVEMBER, at=MORNING + timedelta(hours=1))

    assert believed(fern) == [(SEPTEMBER, date(2026, 10, 31), "210"), (NOVEMBER, None, "290")]
    before = Plan.objects.as_of(effective=NOVEMBER, known=MORNING + timedelta(minutes=59)).get()
    assert (before.effective_from, before.effective_to, before.disability_1_code) == (SEPTEMBER, None, "210")
    assert Plan.objects.as_of(effective=NOVEMBER, known=MORNING - timedelta(microseconds=1)).count() == 0


@pytest.mark.django_db
def test_nothing_holds_on_days_that_were_stated_empty():
    fern = new_student()
    state_plan(fern, "210", SEPTEMBER)
    state_fact(
        Plan,
        slot={"student_id": fern},
        values=None,
        effective_from=OCTOBER,
        effective_to=date(2026, 10, 31),
        by_id=None,
        cause="test",
    )

    assert believed(fern) == [(SEPTEMBER, date(2026, 9, 30), "210"), (NOVEMBER, None, "210")]


@pytest.mark.django_db
def test_at_the_instant_a_statement_was_recorded_only_the_new_version_holds():
    # On the running clock, where two readings differ.
    fern = new_student()
    state_plan(fern, "210", SEPTEMBER)
    [newer] = state_plan(fern, "290", SEPTEMBER)

    held = Plan.objects.as_of(effective=SEPTEMBER, known=newer.recorded_at)

    assert [version.disability_1_code for version in held] == ["290"]


@pytest.mark.django_db
def test_an_overlap_written_past_the_action_is_refused_by_postgresql():
    fern = new_student()
    state_plan(fern, "210", SEPTEMBER)
    rival = Plan(
        student_id=fern, effective_from=OCTOBER, recorded_at=MORNING, cause="test", **plan_values("290")
    )

    # SQLite has no such constraint: there the action is the only guard (see the property test).
    refused = pytest.raises(IntegrityError) if connection.vendor == "postgresql" else nullcontext()
    with refused, transaction.atomic():
        rival.save()


@pytest.mark.django_db
def test_every_fact_table_has_its_exclusion_constraint_on_postgresql():
    tables = {
        model._meta.db_table: {model._meta.get_field(name.removesuffix("_id")).column for name in model.slot}
        for model in apps.get_models()
        if issubclass(model, Fact)
    }
    assert set(tables) >= {"students_enrollment", "students_plan", "students_service"}
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'x'"
            )
            definitions = dict(cursor.fetchall())
        assert set(definitions) == set(tables)
        for table, columns in tables.items():
            # As a sum, which no read asks for: the index is for the constraint alone.
            assert "((student_id + 0)) WITH =" in definitions[table]
            for column in columns - {"student_id"}:
                assert f"{column} WITH =" in definitions[table]
            assert "daterange(effective_from, effective_to, '[]'::text) WITH &&" in definitions[table]
            assert "superseded_at IS NULL" in definitions[table]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"),
    [("effective_to", date(2026, 8, 31)), ("superseded_at", MORNING - timedelta(microseconds=1))],
)
def test_a_version_that_ends_before_it_begins_is_refused_on_both_axes(column, value):
    fact = Plan(
        student_id=new_student(),
        effective_from=SEPTEMBER,
        recorded_at=MORNING,
        cause="test",
        **{column: value},
        **plan_values(),
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        fact.save()


@pytest.mark.django_db
def test_facts_refuse_to_be_changed_or_removed():
    fern = new_student()
    [stated] = state_plan(fern, "210", SEPTEMBER)
    loaded = Plan.objects.get(pk=stated.pk)

    for change in (
        loaded.save,
        loaded.delete,
        Plan.objects.filter(pk=loaded.pk).delete,
        lambda: Plan.objects.filter(pk=loaded.pk).update(disability_1_code="290"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    assert believed(fern) == [(SEPTEMBER, None, "210")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("slot", "values"),
    [
        ({}, {"user_id": 1}),
        ({"student_id": 1, "lea_code": "9910017"}, {"user_id": 1}),
        ({"student_id": 1}, {}),
        ({"student_id": 1}, {"user_id": 1, "cause": "test"}),
    ],
)
def test_a_statement_with_other_fields_than_its_fact_is_refused(slot, values):
    with pytest.raises(ValueError, match="CaseAssignment needs"):
        state_facts(CaseAssignment, [Statement(slot, values, SEPTEMBER)], by_id=None, cause="test")


@pytest.mark.django_db
def test_an_end_before_the_start_is_refused_and_nothing_is_written():
    fern = new_student()
    statements = [
        Statement({"student_id": fern}, plan_values(), SEPTEMBER),
        Statement({"student_id": fern}, plan_values(), OCTOBER, SEPTEMBER),
    ]

    with pytest.raises(ValueError, match="cannot end"):
        state_facts(Plan, statements, by_id=None, cause="test")
    assert Plan.objects.count() == 0


@pytest.mark.django_db
def test_statements_about_fifty_students_cost_a_handful_of_queries(django_assert_max_num_queries):
    ids = [student.pk for student in register_students([Identity("Fern", "", "Testcase")] * 50)]
    for start in (SEPTEMBER, OCTOBER):
        statements = [Statement({"student_id": pk}, plan_values(f"{start:%m}"), start) for pk in ids]
        # Savepoints, the lock, read, close, and the inserts, which SQLite takes some dozens of rows at a time.
        with django_assert_max_num_queries(12):
            state_facts(Plan, statements, by_id=None, cause="test")
    assert Plan.objects.believed().count() == 100


@pytest.mark.django_db
def test_a_version_that_another_writer_closed_meanwhile_refuses_the_whole_statement(monkeypatch):
    fern, moss = new_student(), new_student()
    state_plan(fern, "210", SEPTEMBER, at=MORNING)
    read = facts._believed_timelines

    def read_and_be_overtaken(model, statements):
        timelines = read(model, statements)
        Plan._base_manager.filter(student_id=fern).update(superseded_at=MORNING + timedelta(minutes=1))
        return timelines

    monkeypatch.setattr(facts, "_believed_timelines", read_and_be_overtaken)
    statements = [Statement({"student_id": pk}, plan_values("290"), OCTOBER) for pk in (moss, fern)]
    with pytest.raises(ConcurrentStatement):
        state_facts(Plan, statements, by_id=None, cause="test")
    monkeypatch.undo()

    assert believed(moss) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_version", [False, True], ids=["empty slot", "one version to close"])
def test_two_connections_that_state_the_same_fact_at_once_wait_for_each_other(has_version):
    """Ten rounds on real connections. Both statements are made, one after the other; none is lost or doubled."""
    problems: list[str] = []
    for _ in range(10):
        fern = new_student()
        if has_version:
            state_plan(fern, "210", SEPTEMBER)
        start_line = threading.Barrier(2)

        def write(disability: str, fern: int = fern, start_line: threading.Barrier = start_line) -> None:
            try:
                connection.ensure_connection()
                start_line.wait(timeout=20)
                state_plan(fern, disability, OCTOBER)
            except Exception as error:
                problems.append(f"{disability}: {error!r}")
            finally:
                connection.close()

        writers = [threading.Thread(target=write, args=(code,)) for code in ("240", "290")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(timeout=60)

        assert problems == []
        tail = believed(fern)[-1]
        assert tail in [(OCTOBER, None, "240"), (OCTOBER, None, "290")]
        assert believed(fern)[:-1] == ([(SEPTEMBER, date(2026, 9, 30), "210")] if has_version else [])
        stated = Plan.objects.filter(student_id=fern, effective_from=OCTOBER)
        assert sorted(row.disability_1_code for row in stated) == ["240", "290"]


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_second_of_two_writers_is_refused(monkeypatch):
    """PostgreSQL lets both read when nothing makes them wait; SQLite's transactions wait by themselves."""
    monkeypatch.setattr(facts, "_lock_slots", lambda model, statements: None)
    fern = new_student()
    state_plan(fern, "210", SEPTEMBER)
    read, both_have_read = facts._believed_timelines, threading.Barrier(2)

    def read_and_wait(model, statements):
        timelines = read(model, statements)
        if connection.vendor == "postgresql":
            both_have_read.wait(timeout=20)
        return timelines

    monkeypatch.setattr(facts, "_believed_timelines", read_and_wait)
    ended: list[str] = []

    def write(disability: str) -> None:
        try:
            state_plan(fern, disability, OCTOBER)
            ended.append("stated")
        except ConcurrentStatement:
            ended.append("refused")
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(code,)) for code in ("240", "290")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)

    waits_by_itself = connection.vendor == "sqlite"
    assert sorted(ended) == (["stated", "stated"] if waits_by_itself else ["refused", "stated"])
    assert len(believed(fern)) == 2
