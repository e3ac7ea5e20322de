"""What a row of the read log can be about, and the purposes a person may give for looking: all as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.db import models


class ReadKind(models.TextChoices):
    """How a student's data reached a person."""

    PAGE = "page", "Page"
    LIST = "list", "List"
    PRINT = "print", "Print"
    EXPORT = "export", "Export"


class ContentClass(models.TextChoices):
    """How much of a student left with a print or an export, from little to everything."""

    COUNTS = "counts", "Counts without students"
    ROSTER = "roster", "Names, ids, dates and codes of a list"
    RECORD = "record", "Records: plan, services, meetings, state lines"
    NARRATIVE = "narrative", "Narrative, health or assessment text"
    LOG = "log", "The logs themselves"


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why somebody looks at a student who is not on their caseload. ``needs_words``: say it in a sentence too."""

    key: str
    label: str
    needs_words: bool = False


PURPOSES: Mapping[str, Purpose] = MappingProxyType(
    {
        purpose.key: purpose
        for purpose in (
            Purpose("covering", "I stand in for the case manager"),
            Purpose("team", "I am a member of this student's team: teacher, provider, assessor"),
            Purpose("meeting", "I prepare or attend a meeting of this student"),
            Purpose("transfer", "The student is coming to me, or leaves me"),
            Purpose("family_request", "The family asked for records or for a correction"),
            Purpose("review", "Audit, complaint or compliance review"),
            Purpose("safety", "Health or safety of the student, now"),
            Purpose("other", "Something else", needs_words=True),
        )
    }
)
