"""One row in every protected table for a student at an LEA, whatever a row may look like."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.apps import apps
from django.db import models

from manzanita.platform.facts import Fact
from manzanita.students.actions import Identity, register_students, state_one
from tests.support import world as w

# In the order in which one needs another.
TABLES = (
    "students_ssid",
    "students_enrollment",
    "students_specialeducationstatus",
    "students_plan",
    "students_service",
    "students_caseassignment",
    "students_teammember",
    "students_agencyrelation",
    "students_nextyear",
    "students_nextsetting",
    "students_referral",
    "students_contact",
    "students_rightsholder",
    "students_assignmentbatch",
    "students_assignmentchange",
    "students_namekey",
    "students_duplicatepair",
    "students_identitychange",
    "students_identityconflict",
    "transfers_studenttransfer",
    "students_merge",
    "students_ssidretirement",
    "students_batchedit",
    "students_batchline",
    "students_pastedset",
    "students_pastedline",
    "leaving_participationreport",
    "leaving_leaving",
    "leaving_leavingbatch",
    "leaving_leavingitem",
    "meetings_meeting",
    "meetings_answer",
    "meetings_decision",
    "meetings_planbatch",
    "meetings_plannedmeeting",
    "deadlines_duedate",
    "deadlines_stalestudent",
    "deadlines_delayreason",
    "deadlines_contactattempt",
    "deadlines_heldlate",
    "archive_archive",
    "archive_archivedrecord",
    "findings_changedstudent",
    "findings_rulefinding",
    "findings_findingevent",
    "exchange_staterecord",
    "exchange_reportstatus",
    "exchange_periodlock",
    "exchange_submission",
    "exchange_submissionline",
    "exchange_operation",
    "exchange_statefinding",
    "exchange_importrun",
    "exchange_importfile",
    "exchange_importnote",
    "exchange_statereport",
    "exchange_statereportrow",
    "exchange_compliancerun",
    "arrivals_arrival",
    "arrivals_lookmark",
    "arrivals_recordsasked",
    "arrivals_adoptionbatch",
    "arrivals_adoptionitem",
)
_CHOSEN = {
    "event_key": "annual",
    "problem": "Not counted.",
    "cause": "correction",
    "record": "PLAN",
    "relationship": "residence",
    "report": "16.21",
    "reason_key": "dropped_out",
}
_number = itertools.count(1)


@dataclass(slots=True)
class Owned:
    """What of each table belongs to one LEA: keys by table, and the person of it all."""

    lea_code: str
    student_id: int
    user_id: int
    keys: dict[str, int] = field(default_factory=dict)


def rows_for(lea_code: str, student_id: int, user_id: int) -> Owned:
    owned = Owned(lea_code, student_id, user_id)
    by_table = {model._meta.db_table: model for model in apps.get_models()}
    for table in TABLES:
        model = by_table[table]
        row = model(
            **{one.attname: _value(one, model, owned) for one in model._meta.fields if _is_needed(one)}
        )
        if table in ("findings_changedstudent", "deadlines_stalestudent"):
            # There is one mark for each student, and whatever built the student may have set it.
            model.objects.filter(student_id=student_id).delete()
        if issubclass(model, Fact):
            # Not believed any more, so that it stands beside what is.
            row.superseded_at = w.NOON
        row.save(force_insert=True)
        owned.keys[table] = row.pk
    return owned


def _another(lea_code: str) -> int:
    """Key of one more student of the LEA."""
    (student,) = register_students([Identity("Another", "", "Testcase", "", date(2016, 1, 1))])
    slot = {"student_id": student.pk, "relationship": "residence"}
    values = {"agency_code": lea_code, "school_code": ""}
    day = date(2026, 8, 14)
    state_one("agency", slot=slot, values=values, effective_from=day, by_id=None, cause="test")
    return student.pk


def _is_needed(one: models.Field) -> bool:
    is_given = one.null or one.has_default() or one.primary_key
    return (
        one.attname in ("student_id", "submission_id")
        or one.name in _CHOSEN
        or not (is_given or (one.blank and one.name != "lea_code"))
    )


def _value(one: models.Field, model: type[models.Model], owned: Owned) -> object:
    if one.name in ("lea_code", "agency_code", "receiving_code"):
        return owned.lea_code
    if one.attname in ("student_id", "user_id"):
        return getattr(owned, one.attname)
    if one.name == "other":
        return _another(owned.lea_code)
    if one.name == "by":
        return owned.user_id
    if one.is_relation:
        return owned.keys[one.related_model._meta.db_table]
    if one.name in _CHOSEN:
        return _CHOSEN[one.name]
    if one.choices:
        return one.choices[0][0]
    if isinstance(one, models.DateTimeField):
        return datetime.fromisoformat("2026-11-20T12:00:00+00:00")
    if isinstance(one, models.DateField):
        return date(2026, 11, 20)
    if isinstance(one, models.TimeField):
        return time(8)
    if isinstance(one, models.UUIDField):
        return uuid.uuid4()
    if isinstance(one, models.BooleanField):
        return False
    if isinstance(one, models.JSONField):
        return {}
    if isinstance(one, models.BinaryField):
        return b"{}"
    if isinstance(one, models.SmallIntegerField | models.PositiveSmallIntegerField):
        return next(_number) % 30_000
    if isinstance(one, models.IntegerField):
        return next(_number)
    return f"t{next(_number)}"[: one.max_length]
