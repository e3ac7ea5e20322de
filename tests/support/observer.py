"""``python -m tests.support.observer``: answers questions about the database, one JSON line to each line of JSON.

It only reads, and it is not one of the processes that a proof kills.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.db import connections

    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer = QUESTIONS[name](*arguments)
        # Nothing of an earlier moment may be seen by the next question.
        connections.close_all()
        print(json.dumps(answer), flush=True)


def record(key: str) -> list[Any] | None:
    """The archived record that stands for a key: its number and its values."""
    from manzanita.archive.models import ArchivedRecord

    row = ArchivedRecord.objects.filter(record_key=key, archive__superseded_by__isnull=True).first()
    return None if row is None else [row.pk, row.values]


def finalized() -> list[str]:
    from manzanita.meetings.models import Meeting

    return [
        str(one)
        for one in Meeting.objects.filter(state="finalized", source="meeting").values_list(
            "public_id", flat=True
        )
    ]


def open_work() -> dict[str, Any]:
    """What is under way, what is held as rejected, and what has stopped."""
    from manzanita.exchange.models import Operation, Submission
    from manzanita.platform.models import Job

    under_way = Submission.objects.filter(state__in=["ready", "sending", "answering"])
    over = set(Job.objects.filter(state__in=["done", "failed"]).values_list("pk", flat=True))
    return {
        "under_way": under_way.count(),
        "waits": [reason["text"] for one in under_way for reason in one.waits],
        "stopped": [str(one.public_id) for one in under_way if one.job_id in over],
        "operations": Operation.objects.count(),
        "rejected": list(Operation.objects.filter(hold_code="rejected").values_list("pk", flat=True)),
        "jobs": Job.objects.exclude(state__in=["done", "failed"]).count(),
    }


def book() -> dict[str, Any]:
    """Everything that was sent, and what we take the state to hold and think it should hold, as caret lines."""
    from manzanita.archive.models import ArchivedRecord
    from manzanita.domain.layouts import layout
    from manzanita.domain.layouts.files import write_lines
    from manzanita.exchange.models import StateRecord, Submission, SubmissionLine

    def lines(rows) -> list[str]:
        return sorted(write_lines(layout(row.record), [row.values])[0] for row in rows)

    return {
        "lines": [
            list(row)
            for row in SubmissionLine.objects.order_by("pk").values_list(
                "transaction_id", "kind", "record_key", "outcome", "errors", "submission__file_name"
            )
        ],
        "submissions": list(Submission.objects.order_by("pk").values_list("file_name", "state")),
        "held": lines(StateRecord.objects.filter(lea_code="9910017")),
        "should": lines(
            ArchivedRecord.objects.filter(lea_code="9910017", archive__superseded_by__isnull=True)
        ),
    }


QUESTIONS = {"record": record, "finalized": finalized, "open_work": open_work, "book": book}


if __name__ == "__main__":
    main()
