"""The job row: what runs in the background, how far it is, and who holds it. And the loaded specifications."""

from django.db import models
from django.db.models import Q

from manzanita.platform.clock import now
from manzanita.platform.ids import new_public_id
from manzanita.platform.specification_models import SpecificationChoice, SpecificationVersion

__all__ = ["Job", "JobState", "SpecificationChoice", "SpecificationVersion"]


class JobState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Job(models.Model):
    """One piece of background work. Written only by :mod:`manzanita.platform.jobs`.

    ``args`` hold ids, ``result`` holds counts, and an error is a type and a place in our code: the row never
    holds student data, so anybody may see it who may see the page that started it.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=80)
    args = models.JSONField(default=dict)
    # Codes of the agencies whose students it reaches: those of whoever enqueued it (platform.reach).
    reach = models.JSONField(default=list)
    # A user's key without a foreign key: this app stands below accounts.
    by_id = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=5)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    # New for each claim, so that it also tells two claims of one process apart.
    worker_id = models.CharField(max_length=120, blank=True, default="")
    # The newest task of the queue that is to run this job; the sweeper makes another where it is gone.
    task_id = models.UUIDField(null=True, blank=True)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(null=True, blank=True)
    progress_text = models.CharField(max_length=200, blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    error_type = models.CharField(max_length=200, blank=True, default="")
    error_place = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="platform_job_state_known", condition=Q(state__in=JobState.values)),
            models.CheckConstraint(
                name="platform_job_running_has_lease",
                condition=~Q(state=JobState.RUNNING) | Q(lease_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="platform_job_open",
                fields=["state", "lease_until"],
                condition=Q(state__in=[JobState.WAITING, JobState.RUNNING]),
            ),
            models.Index(name="platform_job_of_kind", fields=["kind", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def is_over(self) -> bool:
        """Done, or failed for good: nothing more happens by itself."""
        return self.state in (JobState.DONE, JobState.FAILED)
