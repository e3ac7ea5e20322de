"""One agency asks another for a student, and what became of it; and whose files of students are trusted."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from manzanita.domain.student_transfers import OPEN, STATE_WORDS, State
from manzanita.platform.ids import new_public_id

_OPEN = sorted(OPEN)


class StudentTransfer(models.Model):
    """``receiving_code`` asks ``sending_code`` to hand over the record of a student.

    ``student_id`` is a plain key, because students stand above. ``called`` is what who asks calls the student: their
    own words, for their own list. ``enroll_on`` is the day of enrollment as they expect it. ``attested_*`` is the
    typed statement that somebody intends to enroll the student, ``released_*`` that the sender lets the record be read
    before. ``answer`` is the last word of who decided; ``accepted_by_policy`` says that nobody had to.
    ``meeting_id`` is the meeting that accepting handed over or closed: taking the acceptance back brings it back.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student_id = models.BigIntegerField()
    receiving_code = models.CharField(max_length=7)
    sending_code = models.CharField(max_length=7)
    called = models.CharField(max_length=120)
    enroll_on = models.DateField()
    school_code = models.CharField(max_length=7, blank=True)
    case_manager_id = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(
        max_length=10, choices=[(one.value, words) for one, words in STATE_WORDS.items()]
    )
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    attested_name = models.CharField(max_length=120, blank=True)
    attested_role = models.CharField(max_length=120, blank=True)
    attested_on = models.DateField(null=True, blank=True)
    attested_words = models.CharField(max_length=300, blank=True)
    attested_by_id = models.BigIntegerField(null=True, blank=True)
    released_by_id = models.BigIntegerField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    decided_by_id = models.BigIntegerField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    meeting_id = models.BigIntegerField(null=True, blank=True)
    accepted_by_policy = models.CharField(max_length=20, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    ended_by_id = models.BigIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="student_transfer_state", condition=Q(state__in=[one.value for one in State])
            ),
            models.CheckConstraint(
                name="student_transfer_two_sides", condition=~Q(receiving_code=F("sending_code"))
            ),
            models.UniqueConstraint(
                name="student_transfer_one_open",
                fields=["student_id", "receiving_code"],
                condition=Q(state__in=_OPEN),
            ),
            # A record is handed over to one district at a time.
            models.UniqueConstraint(
                name="student_transfer_one_accepted",
                fields=["student_id"],
                condition=Q(state=State.ACCEPTED.value),
            ),
            models.CheckConstraint(
                name="student_transfer_ended",
                condition=Q(state__in=_OPEN, ended_at__isnull=True)
                | (~Q(state__in=_OPEN) & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["sending_code", "asked_at"],
                name="student_transfer_sent",
                condition=Q(state__in=_OPEN),
            ),
            models.Index(
                fields=["receiving_code", "asked_at"],
                name="student_transfer_received",
                condition=Q(state__in=_OPEN),
            ),
            models.Index(fields=["student_id"], name="student_transfer_of"),
        ]

    def __str__(self) -> str:
        return f"transfer {self.public_id}, {self.state}"

    @property
    def is_open(self) -> bool:
        return State(self.state) in OPEN


class TrustedKey(models.Model):
    """A key with which another installation signs files of students, and who compared its fingerprint with whom.

    ``public_key`` is 64 hexadecimal digits (Ed25519). Whose trust ends keeps the row, with ``ended_at``.
    """

    public_key = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    compared_with = models.CharField(max_length=200)
    added_by_id = models.BigIntegerField()
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="trusted_key_once", fields=["public_key"], condition=Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"key of {self.name}"
