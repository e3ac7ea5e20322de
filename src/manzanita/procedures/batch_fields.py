"""The fields that the office may change of many students at once, without a meeting and without anything to report.

A field's values are short texts of ours; ``BatchField`` (``batch_field_shape``) says what of a cell becomes one, what
the students have now, and how it is stated. What the state is told needs an archive of each student:
``procedures.changes``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from types import MappingProxyType

from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.procedures.batch_field_shape import BatchField, Values
from manzanita.procedures.batch_managers import CASE_MANAGER, NEXT_MANAGER
from manzanita.procedures.batch_next_setting import NEXT_SETTING
from manzanita.procedures.batch_next_year import NEXT_GRADE, NEXT_SCHOOL
from manzanita.students.actions import FACT_MODELS, set_local_sped_ids, state_student_facts
from manzanita.students.models import Student

LONGEST_SPED_ID = 15


def believed_versions(one: BatchField, ids: Collection[int]) -> dict[int, set[int]]:
    """Keys of the believed versions of the fact that the field is, by student."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = FACT_MODELS[one.kind].objects.believed().filter(student_id__in=ids, **one.slot)
    for pk, student_id in rows.values_list("pk", "student_id"):
        found[student_id].add(pk)
    return found


def give(one: BatchField, values: Values, *, by_id: int, cause: str) -> None:
    """Give each student the value; an empty one takes what there is away."""
    if one.stated_all is not None:
        state_student_facts(one.kind, one.stated_all(values), by_id=by_id, cause=cause)
        return
    if one.stated is not None:
        state_student_facts(
            one.kind, [one.stated(pk, value) for pk, value in values.items()], by_id=by_id, cause=cause
        )
        return
    set_local_sped_ids(values)


def _sped_id_now(ids: Collection[int]) -> dict[int, str]:
    return dict(
        Student.unscoped.filter(pk__in=ids).exclude(local_sped_id="").values_list("pk", "local_sped_id")
    )


def _sped_id_read(actor: Actor, texts: Collection[str]) -> dict[str, tuple[str, str]]:
    found = {}
    for text in texts:
        value = text.strip()
        if not value:
            found[text] = (
                "",
                "The cell is empty, and a special education ID is not taken away: the state's files need it.",
            )
        elif not re.fullmatch(r"[A-Za-z0-9_.\-]{1,15}", value):
            found[text] = (
                "",
                f"“{text[:30]}” is no ID: letters, digits and hyphens, {LONGEST_SPED_ID} at most.",
            )
        else:
            found[text] = (value, "")
    return found


def _sped_id_against(actor: Actor, wanted: Values) -> dict[int, Reason]:
    """Two students with one ID are one for whoever reads the files."""
    counts = Counter(wanted.values())
    rows = Student.unscoped.filter(local_sped_id__in=set(wanted.values())).values_list("pk", "local_sped_id")
    owners: dict[str, set[int]] = defaultdict(set)
    for pk, value in rows:
        owners[value].add(pk)
    found = {}
    for pk, value in wanted.items():
        if counts[value] > 1:
            why = "Several lines give this ID."
        elif owners[value] - {pk}:
            why = "Another student has this ID."
        else:
            continue
        found[pk] = Reason(
            "id-taken",
            why,
            Owner.COORDINATOR,
            "Give each student an own one.",
            source="One special education ID is one student's",
        )
    return found


def _same_words(values: Collection[str]) -> dict[str, str]:
    return {value: value for value in values if value}


FIELDS: Mapping[str, BatchField] = MappingProxyType(
    {
        one.key: one
        for one in (
            NEXT_SCHOOL,
            NEXT_GRADE,
            BatchField(
                "local_sped_id",
                "Special education ID",
                "The district's own number. It stands in what is archived from now on; what is archived keeps its own.",
                Capability.CORRECT_RECORD,
                ("Special education ID", "SPED ID", "Local special education ID"),
                None,
                _sped_id_read,
                _sped_id_now,
                _same_words,
                "CALPADS, Local Special Education Student ID",
                _sped_id_against,
            ),
            CASE_MANAGER,
            NEXT_MANAGER,
            NEXT_SETTING,
        )
    }
)


def fields_for(actor: Actor) -> list[BatchField]:
    """Those that the actor may change."""
    if actor.is_read_only:
        return []
    return [one for one in FIELDS.values() if actor.may(one.capability)]
