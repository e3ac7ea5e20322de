"""``python -m tests.support.outcome``: waits until nothing is under way, then prints what the database holds.

JSON without ids and instants, so that two runs that ended equal print the same.
"""

from __future__ import annotations

import json
import sys
import time

import django

PATIENCE_SECONDS = 60


def main() -> int:
    django.setup()
    from manzanita.exchange.models import Submission
    from manzanita.platform.models import Job

    deadline = time.monotonic() + PATIENCE_SECONDS
    while (
        not Submission.objects.filter(state="done").exists()
        or Job.objects.exclude(state__in=["done", "failed"]).exists()
    ):
        if time.monotonic() > deadline:
            states = list(Submission.objects.values_list("state", flat=True))
            jobs = list(Job.objects.values_list("kind", "state", "attempts", "error_type", "error_place"))
            sys.stderr.write(f"still under way: submissions {states}, jobs {jobs}\n")
            return 1
        time.sleep(0.05)
    sys.stdout.write(json.dumps(_held(), sort_keys=True))
    return 0


def _held() -> dict:
    from manzanita.archive.models import Archive, ArchivedRecord
    from manzanita.auditing.models import ChangeEvent
    from manzanita.exchange.models import Operation, StateRecord, Submission, SubmissionLine
    from manzanita.meetings.models import Meeting
    from manzanita.students.models import Plan, Service

    def spans(model, *fields: str) -> list:
        rows = model.objects.believed().order_by("student_id", "effective_from", *fields)
        return [
            [str(row.effective_from), str(row.effective_to), *(getattr(row, name) for name in fields)]
            for row in rows
        ]

    return {
        "archives": sorted(Archive.objects.values_list("cause", flat=True)),
        "archived": sorted(ArchivedRecord.objects.values_list("record_key", flat=True)),
        "finalized": Meeting.objects.filter(state="finalized", source="meeting").count(),
        "plans": spans(Plan, "reason_code", "disability_1_code"),
        "services": spans(Service, "service_no", "service_code", "duration_minutes"),
        "operations": Operation.objects.count(),
        "submissions": sorted(Submission.objects.values_list("state", flat=True)),
        "lines": sorted(SubmissionLine.objects.values_list("record_key", "kind", "outcome")),
        "state": sorted(StateRecord.objects.values_list("record_key", flat=True)),
        "finalize_events": ChangeEvent.objects.filter(action="finalize_meeting").count(),
    }


if __name__ == "__main__":
    raise SystemExit(main())
