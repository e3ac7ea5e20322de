"""Pasted lines that are nobody's: each with why, how many there are of each kind, and all as text to mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpResponse

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason, reason_of
from manzanita.domain.pasting import short, to_mend
from manzanita.students.pasted import AGAIN, NOBODY, NOT_HERE
from manzanita.ui.formats import plural
from manzanita.web.row_reasons import told_of_line

Problem = Mapping[str, Any]


def told_problem(actor: Actor, one: Problem) -> dict[str, Any]:
    return {
        "number": one["number"],
        "text": short(one["text"]),
        "reasons": told_of_line(actor, why_nobody(one)),
    }


def why_nobody(problem: Problem) -> Reason:
    """Of a batch of an earlier version only the words are known."""
    return reason_of(problem["reason"]) if "reason" in problem else Reason(NOBODY, problem["why"], Owner.YOU)


def counted(counts: Mapping[str, int]) -> list[str]:
    """How many lines are nobody's, by the codes of why."""
    words = {
        NOBODY: ("matches no student", "match no student"),
        AGAIN: ("repeats another", "repeat others"),
        NOT_HERE: (
            "is of a student who does not attend here today",
            "are of students who do not attend here today",
        ),
    }
    return [
        f"{plural(counts[code], 'line')} {one if counts[code] == 1 else more}"
        for code, (one, more) in words.items()
        if counts.get(code)
    ]


def problems_file(problems: Iterable[Problem]) -> HttpResponse:
    """All of them as text to mend and paste again."""
    problems = list(problems)
    heads = next((one.get("heads", "") for one in problems), "")
    text = to_mend([(one["number"], one["text"], why_nobody(one).text) for one in problems], heads)
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="lines-not-understood.txt"'
    return answer
