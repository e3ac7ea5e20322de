"""The mark "is rights holder" of a contact becomes a dated fact with a kind, for all that was ever known of it.

No paper was recorded with the mark, so none is now: the student's page asks for it. A relation that says no kind
becomes one that is not recorded. Contacts that stand for the student need none: the birthday decides.
"""

from django.db import migrations

KINDS = {
    **dict.fromkeys(("mother", "father", "parent", "adoptive mother", "adoptive father", "adoptive parent"), "parent"),
    **dict.fromkeys(
        (
            *("grandmother", "grandfather", "grandparent", "aunt", "uncle", "sister", "brother", "cousin"),
            *("stepmother", "stepfather", "stepparent", "relative", "caregiver"),
        ),
        "caregiver",
    ),
    "guardian": "guardian",
    "foster parent": "foster_parent",
    "surrogate parent": "surrogate",
}
# Causes are short: what was stated stays readable in front of it.
CAUSE_LENGTH = 80


def take_over(apps, schema_editor):
    contact, rights = (apps.get_model("students", name) for name in ("Contact", "RightsHolder"))
    marked = contact._base_manager.filter(is_rights_holder=True).order_by("pk")
    batch = []
    for row in marked.iterator(chunk_size=2000):
        word = " ".join(row.relation.split()).lower()
        if word == "self":
            continue
        batch.append(
            rights(
                student_id=row.student_id,
                contact_no=row.contact_no,
                kind_code=KINDS.get(word, "unstated"),
                effective_from=row.effective_from,
                effective_to=row.effective_to,
                recorded_at=row.recorded_at,
                superseded_at=row.superseded_at,
                by_id=row.by_id,
                cause=f"taken-over:{row.cause}"[:CAUSE_LENGTH],
            )
        )
        if len(batch) == 2000:
            rights._base_manager.bulk_create(batch)
            batch = []
    rights._base_manager.bulk_create(batch)


def put_back(apps, schema_editor):
    contact, rights = (apps.get_model("students", name) for name in ("Contact", "RightsHolder"))
    for row in rights._base_manager.filter(superseded_at__isnull=True).iterator(chunk_size=2000):
        same = contact._base_manager.filter(
            student_id=row.student_id, contact_no=row.contact_no, superseded_at__isnull=True
        )
        same.exclude(effective_to__lt=row.effective_from).update(is_rights_holder=True)


class Migration(migrations.Migration):
    dependencies = [("students", "0007_rights_holders")]
    operations = [migrations.RunPython(take_over, put_back)]
