"""An enrollment that a merge has moved is the word of whoever had said it, as merges keep it from now on (decision 25)."""

from django.db import migrations

from manzanita.platform.reach import whole_installation

NOT_SAID = {"id", "student", "effective_from", "effective_to", "recorded_at", "superseded_at", "by_id", "cause"}


def give_back_words(apps, schema_editor):
    """In the order of the merges: what was moved twice was moved first by an earlier one."""
    enrollments = apps.get_model("students", "Enrollment")._base_manager
    said = [one.attname for one in enrollments.model._meta.concrete_fields if one.name not in NOT_SAID]
    with whole_installation("records are put together across districts"):
        for merge in apps.get_model("students", "Merge")._base_manager.order_by("pk"):
            moved = list(enrollments.filter(cause=f"merge:{merge.pk}"))
            told = [pk for name in ("closed", "emptied") for pk in merge.written.get(name, {}).get("enrollment", [])]
            sources = list(enrollments.filter(pk__in=told).order_by("-recorded_at")) if moved else []
            for row in moved:
                words = [getattr(row, name) for name in said]
                for source in sources:
                    if words == [getattr(source, name) for name in said]:
                        stated = {"cause": source.cause, "by_id": source.by_id}
                        enrollments.filter(pk=row.pk).update(**stated)
                        break


class Migration(migrations.Migration):
    dependencies = [("students", "0034_what_assignments_closed")]
    operations = [migrations.RunPython(give_back_words, migrations.RunPython.noop)]
