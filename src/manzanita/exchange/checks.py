"""What the rules say of lines before they are sent: the same rules as the batch, on one student's records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from manzanita.domain import records
from manzanita.domain.findings import Finding, Severity
from manzanita.domain.records import complete, state_date
from manzanita.domain.validation import evaluate_records
from manzanita.exchange.models import StateRecord
from manzanita.platform import clock
from manzanita.students.models import Enrollment, Ssid, Student


def check_lines(
    student_id: int,
    lines: Sequence[tuple[str, Mapping[str, str]]],
    *,
    year: str,
    without: Collection[str] = (),
) -> dict[str, list[Finding]]:
    """Findings per record key for ``lines`` (key, values) of one student, beside what the state holds.

    All phases run, so that a certification rule speaks before the certification. A context record of the
    same key gives way to the line; those with a key in ``without`` are about to be deleted and are left out.
    """
    if not lines:
        return {}
    keys = {key for key, _ in lines}
    replaced = keys | set(without)
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for _, values in lines:
        record = records.record_of(values)
        rows[record].append(complete(record, values))
    for held in StateRecord.objects.filter(student_id=student_id):
        if held.record_key not in replaced:
            rows[held.record].append(complete(held.record, held.values))
    rows["SENR"] = enrollment_rows(student_id)
    rows["SINF"] = [] if rows["SENR"] else birth_rows(student_id)
    for record in records.ORDER:
        rows.setdefault(record, [])
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in evaluate_records(rows, as_of=clock.today(), year=year):
        if finding.record_key in keys:
            found[finding.record_key].append(finding)
    return found


def birth_rows(student_id: int) -> list[dict[str, str]]:
    """A SINF line with the date of birth, so that rules about age speak of a student without an enrollment."""
    birth = Student.unscoped.get(pk=student_id).birth_on
    ssid = Ssid.objects.believed().filter(student_id=student_id).order_by("-effective_from").first()
    if ssid is None:
        return []
    return [complete("SINF", {"2.01": "SINF", "2.09": ssid.ssid, "2.18": state_date(birth)})]


def would_reject(finding: Finding) -> bool:
    """Whether the state refuses a line for this: certification rules speak later, of records it has taken."""
    return finding.severity is Severity.FATAL and finding.phase == "input"


def enrollment_rows(student_id: int) -> list[dict[str, str]]:
    """The student's enrollments as SENR lines, as far as the rules read them."""
    student = Student.unscoped.get(pk=student_id)
    ssid = Ssid.objects.believed().filter(student_id=student_id).order_by("-effective_from").first()
    return [
        complete(
            "SENR",
            {
                "1.01": "SENR",
                "1.04": enrollment.lea_code,
                "1.05": enrollment.school_code,
                "1.06": enrollment.nps_code,
                "1.08": ssid.ssid if ssid else "",
                "1.09": enrollment.local_student_id,
                "1.17": state_date(student.birth_on),
                "1.22": state_date(enrollment.started_on),
                "1.23": enrollment.status_code,
                "1.24": enrollment.grade_code,
                "1.25": state_date(enrollment.effective_to),
                "1.26": enrollment.exit_reason_code,
                "1.27": enrollment.completion_code,
            },
        )
        for enrollment in Enrollment.objects.believed().filter(student_id=student_id)
    ]
