"""What the dated facts about one student share. Rows of facts are append-only: see ``platform.facts``."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.platform.facts import Fact


class StudentFact(Fact):
    """A fact about one student. Read through ``students.queries``, which has already cut the student."""

    student = models.ForeignKey("students.Student", on_delete=models.PROTECT, related_name="+")

    class Meta(Fact.Meta):
        abstract = True


def believed_index(name: str, *fields: str) -> models.Index:
    return models.Index(fields=list(fields), name=name, condition=Q(superseded_at__isnull=True))
