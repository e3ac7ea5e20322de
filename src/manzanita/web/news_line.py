"""The lines of news on a student's page: how much changed since the reader last looked through the news, and that
somebody else has changed the record after the reader did."""

from __future__ import annotations

from manzanita.ui.formats import plural, us_date
from manzanita.web.meanwhile import deed_words
from manzanita.web.student_file import StudentFile


def unseen_words(file: StudentFile) -> str:
    """Empty where nothing changed, where the reader never said that anything is seen, or sees the past only."""
    unseen = file.unseen
    if unseen is None or not unseen.count or unseen.looked_at is None:
        return ""
    return f"{plural(unseen.count, 'change')} since you last looked on {us_date(unseen.looked_at)}"


def after_own_words(file: StudentFile) -> str:
    """Empty where nobody did, or it is marked as seen."""
    after = file.unseen.after_own if file.unseen else None
    return deed_words(file.people.get(after.by_id, "Somebody"), after.at, after.action) if after else ""
