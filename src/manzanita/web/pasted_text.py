"""What somebody pasted into a form, or gave as a file, as text of lines."""

from __future__ import annotations

from django.http import HttpRequest

from manzanita.domain.findings import Owner, Reason
from manzanita.domain.pasted_workbook import text_of_workbook
from manzanita.domain.pasting import LONGEST_LINE
from manzanita.domain.workbook import WorkbookRefused
from manzanita.meetings.actions import NotPossible

LARGEST_FILE = 2_000_000


def pasted_text(request: HttpRequest, most: int) -> str:
    """The text of the form's ``file`` or else of ``pasted``, of about ``most`` lines. Raises ``NotPossible`` for a file
    that cannot be read."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("pasted", "")[: (most + 2) * LONGEST_LINE]
    if file.size > LARGEST_FILE:
        raise NotPossible([unreadable("The file is larger than 2 MB.")])
    content = file.read()
    if content.startswith(b"PK"):
        try:
            return text_of_workbook(content, "The file", most=most)
        except WorkbookRefused as refused:
            raise NotPossible([unreadable(one) for one in refused.problems]) from None
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotPossible([unreadable("The file is no text.")])


def unreadable(text: str) -> Reason:
    return Reason("unreadable", text, Owner.YOU, "Choose another file.")
