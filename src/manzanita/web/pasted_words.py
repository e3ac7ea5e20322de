"""What pages say of a pasted list to which they are narrowed."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from manzanita.students.pasted_sets import FIRST_SHOWN, listed
from manzanita.students.scope import visible_to
from manzanita.web.found import Found
from manzanita.web.pasted_lines import counted, told_problem


def pasted_words(found: Found | None) -> dict[str, Any]:
    """What a page of a found set says of its pasted list: how much of it is found, and why the rest is not; nothing
    where there is none, or the page shows nobody. One query."""
    pasted = found.pasted if found else None
    if found is None or pasted is None or found.refusals:
        return {}
    within = listed(visible_to(found.actor), pasted).count() if pasted.student_count else 0
    return {
        "within": within,
        "gone": pasted.student_count - within,
        "others": counted(pasted.counts),
        "problem_count": sum(pasted.counts.values()),
        "problems": [told_problem(found.actor, one) for one in pasted.first_problems],
        "is_cut": sum(pasted.counts.values()) > FIRST_SHOWN,
        "lines": pasted.line_count,
        "ends_at": pasted.ends_at,
        "problems_url": reverse("pasted_problems", args=[pasted.public_id]),
        "drop_url": reverse("pasted_drop", args=[pasted.public_id]),
    }
