"""The seals of the logs: everything is chained once, in whatever order it was committed, and nothing goes unseen."""

from __future__ import annotations

import json
import stat
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, connections, transaction

from manzanita.auditing import canonical, verifying
from manzanita.auditing.actions import append, log_change, log_reads
from manzanita.auditing.anchors import AnchorsUnreadable, write_anchors
from manzanita.auditing.keys import KeyUnusable, audit_key
from manzanita.auditing.models import (
    ChangeEvent,
    Disclosure,
    LogSeal,
    ReadEvent,
    SealCheck,
    SealHead,
    Unsealed,
)
from manzanita.auditing.queries import seal_state
from manzanita.auditing.recurring import VERIFY_JOB, verify_daily
from manzanita.auditing.sealing import seal_waiting
from manzanita.auditing.verifying import verify
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from tests.integration.test_auditing import Teacher

pytestmark = pytest.mark.django_db
LEA, OTHER = "9910017", "9910025"


@pytest.fixture(autouse=True)
def places(settings, tmp_path) -> Path:
    """A key and an anchor file of this test alone."""
    settings.AUDIT_KEY_FILE = str(tmp_path / "key")
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    return tmp_path


def read(*students: int, lea: str = LEA) -> None:
    log_reads(actor=Teacher(agency_code=lea), student_ids=students, what="student.list")


def disclose() -> None:
    append(
        Disclosure(
            lea_code=LEA,
            student_id=31,
            kind="disclosed",
            disclosed_on=date(2026, 11, 2),
            party="Court",
            authority_code="court",
            interest="x",
            purpose="x",
            what="x",
            by_id=7,
        )
    )


def in_database(statement: str, *values: object) -> None:
    """What somebody does who owns the database and does not go through our code."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0, "a test that changes nothing says nothing"


def problems() -> list[str]:
    return [str(one) for one in verify().problems]


def test_every_waiting_row_joins_the_chain_of_its_agency():
    read(31)
    read(40, lea=OTHER)
    log_change(actor=Teacher(), action="open_meeting", student_id=31, detail={"fields": ["23.15"]})
    log_change(actor=None, action="sweep")
    disclose()

    assert seal_waiting() == 5
    assert seal_waiting() == 0
    chains = LogSeal.objects.order_by("lea_code", "sequence").values_list("lea_code", "sequence", "log")
    assert list(chains) == [
        ("", 1, "change"),
        (LEA, 1, "read"),
        (LEA, 2, "change"),
        (LEA, 3, "disclosure"),
        (OTHER, 1, "read"),
    ]
    report = verify()
    assert (report.is_sound, report.row_count, report.waiting_count) == (True, 5, 0)


def test_a_second_round_goes_on_where_the_first_ended():
    read(31)
    seal_waiting()
    read(32)
    read(33)
    seal_waiting()

    assert list(LogSeal.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3]
    assert problems() == []


def test_the_tail_is_told_with_its_size_and_age():
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=UTC), tick=False) as clock:
        read(31)
        seal_waiting()
        read(32)
        clock.shift(timedelta(seconds=41))
        read(33)
        report = verify()
        state = seal_state(LEA)

    assert (report.is_sound, report.waiting_count, report.waiting_for) == (True, 2, timedelta(seconds=41))
    assert (state.sealed_count, state.waiting_count, state.waiting_for) == (1, 2, timedelta(seconds=41))
    assert state.sealed_at == datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_every_column_of_every_log_is_covered():
    for log, model in canonical.LOGS.items():
        columns = {field.attname for field in model._meta.concrete_fields}
        assert set(canonical.FORMS[log][canonical.newest_form(log)]) == columns, log


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("student_ids", "[31, 32]"),
        ("actor_user_id", 8),
        ("lea_code", OTHER),
        ("at", "2026-11-02 09:00:00.000001+00:00"),
        ("purpose_code", "covering"),
        ("viewed_as_user_id", 9),
        ("request_id", "other"),
    ],
)
def test_an_altered_row_is_named(column, value):
    read(30)
    read(31)
    read(33)
    seal_waiting()
    second = ReadEvent.objects.order_by("pk")[1].pk
    in_database(f"UPDATE auditing_readevent SET {column} = %s WHERE id = %s", value, second)

    (problem,) = problems()
    assert problem.startswith(f"LEA {LEA}, read {second}: altered")


def test_a_removed_row_is_named():
    read(30)
    log_change(actor=Teacher(), action="finalize")
    seal_waiting()
    gone = ChangeEvent.objects.get().pk
    in_database("DELETE FROM auditing_changeevent WHERE id = %s", gone)

    assert problems() == [f"LEA {LEA}, change {gone}: missing: the row was removed"]


def test_an_inserted_row_is_named():
    read(30)
    seal_waiting()
    in_database(
        "INSERT INTO auditing_changeevent (at, lea_code, request_id, actor_label, action, subject_type, reason, detail)"
        " VALUES ('2026-11-02 09:00:00+00:00', %s, '', 'x', 'x', '', '', '{}')",
        LEA,
    )

    row_id = ChangeEvent.objects.get().pk
    assert problems() == [
        f"LEA {LEA}, change {row_id}: inserted: the row has no seal and does not wait for one"
    ]


def test_two_rows_that_changed_places_are_both_named():
    read(30)
    read(31)
    seal_waiting()
    first, second = ReadEvent.objects.order_by("pk").values_list("pk", flat=True)
    in_database("UPDATE auditing_readevent SET student_ids = '[31]' WHERE id = %s", first)
    in_database("UPDATE auditing_readevent SET student_ids = '[30]' WHERE id = %s", second)

    assert [text.split(":")[0] for text in problems()] == [
        f"LEA {LEA}, read {first}",
        f"LEA {LEA}, read {second}",
    ]


def test_a_row_removed_while_it_waits_is_missed_before_and_after_sealing():
    read(30)
    read(31)
    gone = ReadEvent.objects.order_by("pk").last().pk
    in_database("DELETE FROM auditing_readevent WHERE id = %s", gone)

    assert problems() == [
        f"LEA {LEA}, read {gone}: missing: the row was removed while it waited for its seal"
    ]
    seal_waiting()
    assert problems() == [f"LEA {LEA}, read {gone}: missing: the row was removed before it was sealed"]


def test_a_row_that_is_let_wait_again_keeps_its_first_seal():
    read(30)
    seal_waiting()
    row = ReadEvent.objects.get()
    in_database("UPDATE auditing_readevent SET actor_user_id = 8 WHERE id = %s", row.pk)
    Unsealed.objects.create(lea_code=LEA, log="read", row_id=row.pk, at=row.at)

    assert seal_waiting() == 0
    (problem,) = problems()
    assert "altered" in problem


def test_what_waits_and_names_no_log_of_ours_does_not_stop_the_sealer_and_is_told():
    Unsealed.objects.create(lea_code=LEA, log="other", row_id=5, at=datetime(2026, 11, 2, tzinfo=UTC))
    read(30)

    assert seal_waiting() == 2
    assert problems() == [f"LEA {LEA}, other 5: its seal names a form that does not exist (other 0)"]


def test_a_removed_seal_is_seen_and_its_row_named():
    for student in (30, 31, 32):
        read(student)
    seal_waiting()
    second, third = ReadEvent.objects.order_by("pk").values_list("pk", flat=True)[1:]
    in_database("DELETE FROM auditing_logseal WHERE sequence = 2")

    told = problems()
    assert told[0] == f"LEA {LEA}, read {third}: seals 2 to 2 are gone, before this row"
    assert f"LEA {LEA}, read {second}: inserted: the row has no seal and does not wait for one" in told


def truncate_to(sequence: int) -> None:
    """Cut the end of the chain off with its rows and everything in the database that tells of it."""
    for row_id in LogSeal.objects.filter(sequence__gt=sequence).values_list("row_id", flat=True):
        in_database("DELETE FROM auditing_readevent WHERE id = %s", row_id)
    in_database("DELETE FROM auditing_logseal WHERE sequence > %s", sequence)
    mac = LogSeal.objects.get(sequence=sequence).mac
    SealHead.objects.update(sequence=sequence, anchored_sequence=sequence, mac=mac)


def test_an_end_cut_off_with_its_seals_is_found_by_the_anchor(places):
    for student in (30, 31, 32):
        read(student)
    seal_waiting()
    truncate_to(2)

    assert problems() == [f"LEA {LEA}: cut off: an anchor says 3 seals, there are 2"]
    (places / "anchors.jsonl").unlink()
    assert problems()[0].startswith(f"LEA {LEA}: no anchor")


def test_an_end_that_was_cut_off_and_sealed_anew_with_the_true_key_is_found_by_the_anchor():
    for student in (30, 31):
        read(student)
    seal_waiting()
    truncate_to(1)
    read(32)
    seal_waiting()

    row_id = ReadEvent.objects.order_by("pk").last().pk
    assert problems() == [
        f"LEA {LEA}, read {row_id}: sealed otherwise when the anchor of sequence 2 was written"
    ]


def test_a_whole_chain_that_is_gone_is_found_by_the_anchor():
    read(30)
    seal_waiting()
    for table in ("logseal", "sealhead", "readevent"):
        in_database(f"DELETE FROM auditing_{table}")

    # The key file still stands, so the key is not made anew either.
    assert problems() == [f"LEA {LEA}: cut off: an anchor says 1 seals, there are 0"]


def test_a_chain_made_anew_without_the_key_is_found(places, settings):
    read(30)
    read(31)
    seal_waiting()
    in_database("UPDATE auditing_readevent SET actor_user_id = 8 WHERE student_ids = '[30]'")
    for table in ("logseal", "sealhead"):
        in_database(f"DELETE FROM auditing_{table}")
    for row in ReadEvent.objects.order_by("pk"):
        Unsealed.objects.create(lea_code=LEA, log="read", row_id=row.pk, at=row.at)
    own = settings.AUDIT_KEY_FILE
    settings.AUDIT_KEY_FILE = str(places / "forged")
    settings.AUDIT_ANCHOR_FILE = str(places / "forged.jsonl")
    seal_waiting()
    settings.AUDIT_KEY_FILE, settings.AUDIT_ANCHOR_FILE = own, str(places / "anchors.jsonl")

    first, second = ReadEvent.objects.order_by("pk").values_list("pk", flat=True)
    assert [text.partition(": ")[0] for text in problems()] == [
        f"LEA {LEA}, read {first}",
        f"LEA {LEA}, read {second}",
    ]


def test_sealing_after_an_anchor_could_not_be_written_writes_it(places, settings):
    settings.AUDIT_ANCHOR_FILE = str(places)
    read(30)
    with pytest.raises(IsADirectoryError):
        seal_waiting()
    settings.AUDIT_ANCHOR_FILE = str(places / "anchors.jsonl")
    seal_waiting()

    (line,) = (places / "anchors.jsonl").read_text().splitlines()
    assert json.loads(line)["sequence"] == 1
    assert problems() == []


def test_an_anchor_line_is_written_for_each_chain_that_grew(places):
    read(30)
    read(40, lea=OTHER)
    seal_waiting()
    read(31)
    seal_waiting()
    seal_waiting()

    lines = [json.loads(line) for line in (places / "anchors.jsonl").read_text().splitlines()]
    assert [(line["lea"], line["sequence"]) for line in lines] == [(LEA, 1), (OTHER, 1), (LEA, 2)]
    assert write_anchors(audit_key(), only_new=False) == 2


def test_a_damaged_anchor_file_says_where(places):
    read(30)
    seal_waiting()
    with (places / "anchors.jsonl").open("a") as file:
        file.write("x\n")

    with pytest.raises(AnchorsUnreadable, match=r"Line 2 of .*anchors\.jsonl"):
        verify()


def test_the_key_is_made_once_for_its_owner_alone(places):
    key = audit_key()

    assert len(key) == 32
    assert audit_key() == key
    assert stat.S_IMODE((places / "key").stat().st_mode) == 0o600


def test_a_key_that_others_can_read_is_refused(places):
    audit_key()
    (places / "key").chmod(0o640)

    with pytest.raises(KeyUnusable, match="chmod 600"):
        audit_key()


def test_a_lost_key_is_not_made_anew(places):
    read(30)
    seal_waiting()
    (places / "key").unlink()

    with pytest.raises(KeyUnusable, match="gone"):
        seal_waiting()


def test_another_key_is_told_as_such(places):
    read(30)
    seal_waiting()
    (places / "key").write_text("ab" * 32)

    assert "another key" in problems()[0]


def test_the_daily_check_runs_when_the_last_one_is_a_day_old():
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=UTC), tick=False) as clock:
        verify_daily()
        assert not Job.objects.filter(kind=VERIFY_JOB).exists(), "nothing is sealed yet"
        read(30)
        seal_waiting()
        verify_daily()
        verify_daily()
        assert Job.objects.filter(kind=VERIFY_JOB).count() == 1
        run_jobs_now(raises_errors=True)
        check = SealCheck.objects.get()
        assert (check.row_count, check.problem_count, check.first_problem) == (1, 0, "")
        clock.shift(timedelta(hours=23))
        verify_daily()
        assert Job.objects.filter(kind=VERIFY_JOB).count() == 1
        clock.shift(timedelta(hours=1))
        verify_daily()
        assert Job.objects.filter(kind=VERIFY_JOB).count() == 2


def test_a_chain_that_grows_while_it_is_verified_is_sound(monkeypatch):
    read(30)
    seal_waiting()
    true_reader = verifying.read_anchors

    def read_late(path: Path):
        """As if the sealer came just before the anchors are read."""
        read(31)
        seal_waiting()
        return true_reader(path)

    monkeypatch.setattr(verifying, "read_anchors", read_late)
    assert problems() == []
    monkeypatch.setattr(verifying, "read_anchors", true_reader)
    assert problems() == []


def test_what_is_wrong_is_kept_with_the_check():
    read(30)
    seal_waiting()
    row_id = ReadEvent.objects.get().pk
    in_database("DELETE FROM auditing_readevent WHERE id = %s", row_id)
    verify()

    check = SealCheck.objects.get()
    assert check.problem_count == 1
    assert check.first_problem == f"LEA {LEA}, read {row_id}: missing: the row was removed"


@pytest.mark.django_db(transaction=True)
def test_a_row_committed_late_is_sealed_in_the_next_round():
    """Its key is lower than one that is sealed already. SQLite has one writer, so there the second waits."""
    is_open, may_end = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            read(31)
            is_open.set()
            may_end.wait(10)
        connections.close_all()

    writer = threading.Thread(target=late)
    writer.start()
    assert is_open.wait(10)
    if connection.vendor == "postgresql":
        # Of somebody else: two reads of one person wait for each other at their count.
        log_reads(actor=Teacher(user_id=8), student_ids=[32], what="student.list")
        assert seal_waiting() == 1
        assert list(LogSeal.objects.values_list("sequence", flat=True)) == [1]
        assert ReadEvent.objects.get().student_ids == [32]
        assert problems() == []
    may_end.set()
    writer.join()
    if connection.vendor != "postgresql":
        read(32)

    seal_waiting()
    rows = list(ReadEvent.objects.order_by("pk"))
    assert [row.student_ids for row in rows] == [[31], [32]]
    in_chain = list(LogSeal.objects.order_by("sequence").values_list("row_id", flat=True))
    expected = [rows[1].pk, rows[0].pk] if connection.vendor == "postgresql" else [rows[0].pk, rows[1].pk]
    assert in_chain == expected
    assert Unsealed.objects.count() == 0
    assert problems() == []


@pytest.mark.django_db(transaction=True)
def test_two_sealers_and_four_writers_at_once_leave_one_sound_chain():
    stop = threading.Event()
    errors: list[BaseException] = []

    def guarded(work) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    def write() -> None:
        for student in range(40):
            with transaction.atomic():
                read(student + 1)
                log_change(actor=Teacher(), action="edit", student_id=student + 1)

    def seal() -> None:
        while not stop.is_set():
            seal_waiting()

    writers = [threading.Thread(target=guarded, args=(write,)) for _ in range(4)]
    sealers = [threading.Thread(target=guarded, args=(seal,)) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    seal_waiting()

    assert errors == []
    assert LogSeal.objects.count() == 320
    report = verify()
    assert (report.problems, report.row_count, report.waiting_count) == ([], 320, 0)
