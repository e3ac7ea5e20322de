"""The quiet line on a student's page: how much changed since the reader last looked through the news."""

from __future__ import annotations

from manzanita.ui.formats import plural, us_date
from manzanita.web.student_file import StudentFile


def unseen_words(file: StudentFile) -> str:
    """Empty where nothing changed, where the reader never said that anything is seen, or sees the past only."""
    unseen = file.unseen
    if unseen is None or not unseen.count or unseen.looked_at is None:
        return ""
    return f"{plural(unseen.count, 'change')} since you last looked on {us_date(unseen.looked_at)}"
