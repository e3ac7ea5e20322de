"""Children with a setting of preschool, for tests of turning five and of planned settings."""

from __future__ import annotations

from datetime import date, datetime

from manzanita.deadlines.recompute import recompute_stale
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students.actions import Identity, register_students, state_student_facts
from manzanita.students.models import Plan, Student
from tests.support import world as w
from tests.support.pages import enrollment

AUGUST = date(2026, 8, 12)
PLAN_ON = date(2026, 9, 1)


def at(text: str) -> datetime:
    """An instant by the clock of California."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.CALIFORNIA)


def stated(kind: str, slot: dict, values: dict | None, first: date, last: date | None = None) -> None:
    state_student_facts(kind, [Statement(slot, values, first, last)], by_id=None, cause="test")


def child(
    name: str,
    born: date | None,
    grade: str = "TK",
    *,
    setting: str = "201",
    number: int = 0,
    enrolled_until: date | None = None,
) -> Student:
    """A child at Buckeye Elementary since August 12, 2026, with a plan of September 1, 2026 and one service."""
    (made,) = register_students([Identity(name, "", "Sprout", "", born, "F", f"SE-9{number:03}")])
    slot = {"student_id": made.pk}
    stated("ssid", slot, {"ssid": f"99007{number:05}"}, AUGUST)
    stated(
        "enrollment",
        {**slot, "lea_code": w.LEA, "started_on": AUGUST},
        enrollment(f"S{number:03}") | {"grade_code": grade},
        AUGUST,
        enrolled_until,
    )
    status = {"lea_code": w.LEA, "status_code": "1", "reason_code": "", "initial_entry_on": PLAN_ON}
    stated("status", slot, status, PLAN_ON)
    is_regular = setting == "201"
    plan = {
        **dict.fromkeys(Plan.content, ""),
        "lea_code": w.LEA,
        "dsea_code": w.LEA,
        "reason_code": "1",
        "plan_type_code": "100",
        "primary_residence_code": "210",
        "disability_1_code": "240",
        "program_setting_code": setting,
        "preschool_location_code": "1" if is_regular else "",
        "is_ten_hours_code": "Y" if is_regular else "",
        "has_transportation_code": "N",
    }
    stated("plan", slot, plan, PLAN_ON)
    service = {
        "lea_code": w.LEA,
        "service_code": "415",
        "provider_code": "100",
        "npa_id": "",
        "location_code": "510",
        "frequency_code": "20",
        "duration_minutes": "30",
    }
    stated("service", {**slot, "service_no": 1}, service, PLAN_ON)
    recompute_stale()
    made.refresh_from_db()
    return made


def plan_setting(client, students: list[Student], **sent: str):
    """Plan setting 400 with a share of 80 % through the pages, and apply it; the batch."""
    from manzanita.platform.jobs import run_jobs_now
    from manzanita.students.models import BatchEdit

    given = {
        "selected": [str(one.public_id) for one in students],
        "field": "next_setting",
        "value_next_setting": "400",
        "share_next_setting": "80",
        "day_next_setting": "",
        "reason": "Turns five in kindergarten",
    }
    answer = client.post("/students/edit", given | sent)
    assert answer.status_code == 302, answer.content.decode()
    batch = BatchEdit.objects.get(public_id=answer.url.rsplit("/", 1)[1])
    assert client.post(f"/students/edits/{batch.public_id}", {"do": "apply"}).status_code in (302, 422)
    run_jobs_now(raises_errors=True)
    batch.refresh_from_db()
    return batch
