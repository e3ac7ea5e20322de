"""What the rules say of lines before they are sent: the same rules as the batch, on one student's records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter

from manzanita.domain import records
from manzanita.domain.findings import Finding, Severity
from manzanita.domain.judging import judge
from manzanita.domain.records import SSID_FIELD, complete, state_date
from manzanita.domain.validation import evaluate_records
from manzanita.exchange.models import StateRecord
from manzanita.platform import clock
from manzanita.students.models import Enrollment, Ssid, Student
from manzanita.students.queries import StudentFacts


def check_lines(
    student_id: int,
    lines: Sequence[tuple[str, Mapping[str, str]]],
    *,
    without: Collection[str] = (),
) -> dict[str, list[Finding]]:
    """Findings per record key for ``lines`` (key, values) of one student, beside what the state holds.

    All phases run, so that a certification rule speaks before the certification. A context record of the
    same key gives way to the line; those with a key in ``without`` are about to be deleted and are left out.
    """
    if not lines:
        return {}
    rows = rows_with(student_id, lines, without=without)
    return by_line(evaluate_records(rows, as_of=clock.today(), year=clock.academic_year()), lines)


def check_many(
    lines: Mapping[int, Sequence[tuple[str, Mapping[str, str]]]],
) -> dict[int, dict[str, list[Finding]]]:
    """As :func:`check_lines`, of the lines of many students by their key; a bounded number of queries."""
    ids = sorted(lines)
    people: dict[int, dict[str, list[dict[str, str]]]] = {}
    enrollments = enrollment_rows_of(ids)
    births = birth_rows_of([pk for pk in ids if not enrollments[pk]])
    held: dict[int, list[StateRecord]] = defaultdict(list)
    for record in StateRecord.objects.filter(student_id__in=ids).order_by("pk"):
        held[record.student_id].append(record)
    for pk in ids:
        rows: dict[str, list[dict[str, str]]] = {record: [] for record in records.ORDER}
        replaced = {key for key, _ in lines[pk]}
        for _, values in lines[pk]:
            rows[records.record_of(values)].append(complete(records.record_of(values), values))
        for one in held[pk]:
            if one.record_key not in replaced:
                rows[one.record].append(complete(one.record, one.values))
        people[pk] = {**rows, "SENR": enrollments[pk], "SINF": births.get(pk, [])}
    said = judge(people, as_of=clock.today(), year=clock.academic_year())
    return {pk: by_line([one.finding for one in said.get(pk, ())], lines[pk]) for pk in ids}


def rows_with(
    student_id: int,
    lines: Sequence[tuple[str, Mapping[str, str]]],
    *,
    without: Collection[str] = (),
    known: StudentFacts | None = None,
) -> dict[str, list[dict[str, str]]]:
    """``lines`` of one student among what the state holds of her, and her enrollments; rows by record type.

    ``known`` spares reading again what the caller has read of the student.
    """
    replaced = {key for key, _ in lines} | set(without)
    rows: dict[str, list[dict[str, str]]] = {record: [] for record in records.ORDER}
    for _, values in lines:
        record = records.record_of(values)
        rows[record].append(complete(record, values))
    for held in StateRecord.objects.filter(student_id=student_id).order_by("pk"):
        if held.record_key not in replaced:
            rows[held.record].append(complete(held.record, held.values))
    if known is None:
        rows["SENR"] = enrollment_rows(student_id)
        rows["SINF"] = [] if rows["SENR"] else birth_rows_of([student_id])[student_id]
    else:
        born, ssid = known.student.birth_on, known.ssid
        believed = sorted(known.enrollments, key=attrgetter("pk"))
        rows["SENR"] = [_enrollment_row(one, ssid, born) for one in believed]
        rows["SINF"] = [_birth_row(ssid, born)] if ssid and not believed else []
    return rows


def by_line(
    found: Iterable[Finding], lines: Sequence[tuple[str, Mapping[str, str]]]
) -> dict[str, list[Finding]]:
    """The findings of ``lines`` per record key."""
    keys = {key for key, _ in lines}
    of_line: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        if finding.record_key in keys:
            of_line[finding.record_key].append(finding)
    return of_line


def birth_rows_of(student_ids: Collection[int]) -> dict[int, list[dict[str, str]]]:
    """A SINF line with the date of birth, so that rules about age speak of students without an enrollment too.

    None of a student without an SSID. Two queries, none for nobody.
    """
    if not student_ids:
        return {}
    born, ssids = _births(student_ids), _ssids(student_ids)
    return {
        student_id: [_birth_row(ssids[student_id], born[student_id])] if student_id in ssids else []
        for student_id in student_ids
    }


def _birth_row(ssid: str, born: date) -> dict[str, str]:
    return complete("SINF", {"2.01": "SINF", "2.09": ssid, "2.18": state_date(born)})


def _births(student_ids: Collection[int]) -> dict[int, date]:
    return dict(Student.unscoped.filter(pk__in=student_ids).values_list("pk", "birth_on"))


def _ssids(student_ids: Collection[int]) -> dict[int, str]:
    """The newest SSID of each student that has one."""
    believed = Ssid.objects.believed().filter(student_id__in=student_ids).order_by("effective_from")
    return dict(believed.values_list("student_id", "ssid"))


def would_reject(finding: Finding) -> bool:
    """Whether the state refuses a line for this: certification rules speak later, of records it has taken."""
    return finding.severity is Severity.FATAL and finding.phase == "input"


def must_be_mended(finding: Finding) -> bool:
    """Whether a record may not stand here before this is mended. What is recorded of a student without an SSID stands:
    the SIS brings the number, and until then the outbox holds the lines."""
    return would_reject(finding) and not lacks_only_ssid(finding)


def lacks_only_ssid(finding: Finding) -> bool:
    """Whether the finding says nothing but that a record of ours has no SSID yet."""
    (number, *more) = finding.fields or ("",)
    return not more and number in SSID_FIELD.values() and not finding.values.get(number)


# The fields of an enrollment that its rows carry; the SIS tells the others with each of its files.
ENROLLMENT_FIELDS = (
    *("1.01", "1.04", "1.05", "1.06", "1.08", "1.09", "1.17"),
    *("1.22", "1.23", "1.24", "1.25", "1.26", "1.27"),
)


def enrollment_rows(student_id: int) -> list[dict[str, str]]:
    """The student's enrollments as SENR lines, as far as the rules read them."""
    return enrollment_rows_of([student_id])[student_id]


def enrollment_rows_of(student_ids: Collection[int]) -> dict[int, list[dict[str, str]]]:
    """The enrollments of each of these students as SENR lines, as far as the rules read them; three queries."""
    born, ssids = _births(student_ids), _ssids(student_ids)
    found: dict[int, list[dict[str, str]]] = {student_id: [] for student_id in student_ids}
    for enrollment in Enrollment.objects.believed().filter(student_id__in=student_ids).order_by("pk"):
        student_id = enrollment.student_id
        row = _enrollment_row(enrollment, ssids.get(student_id, ""), born[student_id])
        found[student_id].append(row)
    return found


def _enrollment_row(enrollment: Enrollment, ssid: str, born: date) -> dict[str, str]:
    values = (
        "SENR",
        enrollment.lea_code,
        enrollment.school_code,
        enrollment.nps_code,
        ssid,
        enrollment.local_student_id,
        state_date(born),
        state_date(enrollment.started_on),
        enrollment.status_code,
        enrollment.grade_code,
        state_date(enrollment.effective_to),
        enrollment.exit_reason_code,
        enrollment.completion_code,
    )
    return complete("SENR", dict(zip(ENROLLMENT_FIELDS, values, strict=True)))
