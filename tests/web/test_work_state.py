"""A row that is read just before its job ends does not look as if the work on it had stopped."""

import pytest

from manzanita.platform.models import Job
from manzanita.web.work_state import row_and_job

UNDER_WAY = ("making",)


class Row:
    def __init__(self, state: str, job_id: int | None) -> None:
        self.state, self.job_id = state, job_id


@pytest.fixture
def job(db) -> Job:
    return Job.objects.create(kind="test", args={}, state="done", max_attempts=5)


def test_work_that_ended_between_two_looks_has_not_stopped(job):
    told = iter([Row("making", job.pk), Row("ready", job.pk)])
    row, its_job, has_stopped = row_and_job(lambda: next(told), UNDER_WAY)
    assert (row.state, its_job, has_stopped) == ("ready", job, False)


@pytest.mark.parametrize("has_job", [True, False])
def test_a_row_that_stays_under_way_with_nobody_at_work_has_stopped(job, has_job):
    row, _, has_stopped = row_and_job(lambda: Row("making", job.pk if has_job else None), UNDER_WAY)
    assert (row.state, has_stopped) == ("making", True)


def test_a_row_at_work_is_read_once(job):
    Job.objects.update(state="waiting")
    told = iter([Row("making", job.pk)])
    assert row_and_job(lambda: next(told), UNDER_WAY)[2] is False
