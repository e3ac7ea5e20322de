"""The state as a peer: what it holds, what is on its way, what it answered; and files taken in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.exchange.compliance_models import ComplianceRun as ComplianceRun
from manzanita.exchange.compliance_models import StateReport as StateReport
from manzanita.exchange.compliance_models import StateReportRow as StateReportRow
from manzanita.platform import clock
from manzanita.platform.ids import new_public_id


class _HeldNow(models.Manager["StateRecord"]):
    def get_queryset(self) -> models.QuerySet[StateRecord]:
        return super().get_queryset().filter(superseded_at=None)


class StateRecord(models.Model):
    """One record as the state holds it, by its last extract or reply; or as it was taken to hold it, from
    ``recorded_at`` until ``superseded_at`` (decision 31). Written by ``exchange.state_book`` alone.

    ``objects`` are those held now, ``every`` the earlier ones too. ``learned_at`` is when the state, or a person, last
    said the same.
    """

    lea_code = models.CharField(max_length=7)
    student_id = models.BigIntegerField(null=True, blank=True)
    record = models.CharField(max_length=4)
    record_key = models.CharField(max_length=120)
    key_on = models.DateField()
    values = models.JSONField()
    learned_at = models.DateTimeField()
    learned_from = models.CharField(
        max_length=10, choices=[("extract", "Extract"), ("reply", "Reply"), ("person", "A person's word")]
    )
    recorded_at = models.DateTimeField(default=clock.now)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = _HeldNow()
    every = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="state_record_held_once", fields=["record_key"], condition=Q(superseded_at=None)
            )
        ]
        indexes = [
            models.Index(fields=["student_id", "record"], name="state_record_of_student"),
            models.Index(fields=["lea_code", "record"], name="state_record_of_lea"),
            # Since when an LEA's extracts are read.
            models.Index(
                fields=["lea_code", "recorded_at"],
                name="state_record_read_first",
                condition=Q(learned_from="extract"),
            ),
        ]


class ReportStatus(models.Model):
    """What of one archive is reported, where that is not all of it: set by a person, with reason and end.

    ``choice``: nothing of it (``none``), or only its records of one kind; PLAN stands for the plan with its
    services. ``expires_on`` is the first day on which it no longer counts. A row is ended, never deleted.
    """

    CHOICES = [
        ("none", "Do not report"),
        ("SWDS", "SWDS only"),
        ("MEET", "MEET only"),
        ("PLAN", "PLAN and SERV only"),
    ]

    archive = models.ForeignKey("archive.Archive", on_delete=models.PROTECT, related_name="report_statuses")
    student_id = models.BigIntegerField()
    lea_code = models.CharField(max_length=7)
    choice = models.CharField(max_length=4, choices=CHOICES)
    reason = models.CharField(max_length=300)
    expires_on = models.DateField(null=True, blank=True)
    set_at = models.DateTimeField()
    set_by_id = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="report_status_one_in_force", fields=["archive"], condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="report_status_choice", condition=Q(choice__in=["none", "SWDS", "MEET", "PLAN"])
            ),
        ]
        indexes = [
            models.Index(fields=["student_id"], name="report_status_of_student", condition=Q(ended_at=None)),
            models.Index(fields=["lea_code", "-id"], name="report_status_of_lea"),
        ]


class PeriodLock(models.Model):
    """An LEA sends only what counts in one reporting period (``domain.reporting_periods``) while this is in force."""

    lea_code = models.CharField(max_length=7)
    year = models.CharField(max_length=9)
    period_key = models.CharField(max_length=10)
    set_at = models.DateTimeField()
    set_by_id = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="period_lock_one_in_force", fields=["lea_code"], condition=Q(ended_at=None)
            )
        ]


class Operation(models.Model):
    """One difference between what the state should hold and what it holds: the outbox, derived from archives.

    Recomputed for a student whenever an archive or a reply is stored; gone when the two are equal.
    ``holds`` is a list of reasons (``code, text, owner, way_out, link``); empty where it may be sent.
    ``student_order`` and ``position`` give the order in which the state must receive them.
    """

    KINDS = [("add", "Add"), ("replace", "Replace"), ("delete", "Delete")]

    lea_code = models.CharField(max_length=7)
    student_id = models.BigIntegerField()
    record = models.CharField(max_length=4)
    record_key = models.CharField(max_length=120)
    key_on = models.DateField()
    kind = models.CharField(max_length=7, choices=KINDS)
    values = models.JSONField()
    # Of kind and values, for the stamp of what a page showed (``exchange.shown``); blank until next compared.
    line_digest = models.CharField(max_length=32, blank=True)
    at_state = models.JSONField(null=True, blank=True)
    archive_id = models.BigIntegerField(null=True, blank=True)
    position = models.PositiveIntegerField()
    holds = models.JSONField(default=list)
    hold_code = models.CharField(max_length=30, blank=True)
    findings = models.JSONField(default=list)
    first_seen_at = models.DateTimeField()
    submission_line = models.ForeignKey(
        "SubmissionLine", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        # Two students without an SSID may share a key, so the key alone names no operation.
        constraints = [models.UniqueConstraint(name="operation_once", fields=["student_id", "record_key"])]
        indexes = [
            models.Index(fields=["lea_code", "hold_code", "student_id", "position"], name="operation_plan"),
            models.Index(fields=["student_id", "position"], name="operation_of_student"),
        ]


class Submission(models.Model):
    """One file of operations on its way to the state.

    ``state``: ``ready`` (lines fixed, nothing left the house), ``sending`` (a request may have reached the
    state), ``answering`` (the state has it), ``done``, ``written`` (files for hand upload), ``refused``.
    """

    STATES = [
        ("ready", "Ready"),
        ("sending", "Sending"),
        ("answering", "Waiting for answers"),
        ("done", "Answered"),
        ("written", "Written for hand upload"),
        ("refused", "Refused"),
    ]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    lea_code = models.CharField(max_length=7)
    form = models.CharField(max_length=5, choices=[("api", "API"), ("files", "Files")])
    destination = models.CharField(max_length=7, choices=[("sandbox", "Sandbox"), ("state", "State")])
    state = models.CharField(max_length=10, choices=STATES, default="ready")
    file_name = models.CharField(max_length=120, unique=True)
    remote_job = models.CharField(max_length=80, blank=True)
    job_id = models.BigIntegerField(null=True, blank=True)
    by_id = models.BigIntegerField(null=True, blank=True)
    grant_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    # When the last request began that may have handed it over and of which we do not know whether it did.
    doubted_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    refusals = models.JSONField(default=list)
    # Why it does not move (reasons), and when it is tried again; empty while nothing stands in its way.
    waits = models.JSONField(default=list)
    next_try_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="submission_state",
                condition=Q(state__in=["ready", "sending", "answering", "done", "written", "refused"]),
            )
        ]


class SubmissionLine(models.Model):
    """One line as it was sent, and the state's answer to it. ``transaction_id`` travels in Local Record ID.

    ``is_released`` on a rejected line says that the same line may go again: its cause lay elsewhere.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    transaction_id = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=7)
    record = models.CharField(max_length=4)
    record_key = models.CharField(max_length=120)
    student_id = models.BigIntegerField()
    archive_id = models.BigIntegerField(null=True, blank=True)
    values = models.JSONField()
    outcome = models.CharField(
        max_length=8,
        choices=[("waiting", "Waiting"), ("posted", "Posted"), ("rejected", "Rejected")],
        default="waiting",
    )
    errors = models.JSONField(default=list)
    answered_at = models.DateTimeField(null=True, blank=True)
    is_released = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="submission_line_position", fields=["submission", "position"]),
            # While a line of a record waits for its answer no second line of that record may leave.
            models.UniqueConstraint(
                name="submission_line_one_waiting", fields=["record_key"], condition=Q(outcome="waiting")
            ),
        ]
        indexes = [
            models.Index(fields=["record_key", "-id"], name="submission_line_of_record"),
            models.Index(fields=["student_id", "-id"], name="submission_line_of_student"),
            models.Index(
                fields=["answered_at", "student_id"],
                name="submission_line_news",
                condition=Q(answered_at__isnull=False),
            ),
        ]


class StateFinding(models.Model):
    """One finding as work: opened once, closed when its cause is gone, never recreated for the same values."""

    identity = models.CharField(max_length=32, unique=True)
    rule_code = models.CharField(max_length=20)
    severity = models.CharField(max_length=13)
    source = models.CharField(max_length=6, choices=[("state", "State's answer"), ("rules", "Our rules")])
    lea_code = models.CharField(max_length=7)
    student_id = models.BigIntegerField()
    record = models.CharField(max_length=4)
    record_key = models.CharField(max_length=120)
    fields = models.JSONField(default=list)
    values = models.JSONField(default=dict)
    message = models.CharField(max_length=400)
    owner = models.CharField(max_length=20)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    archive_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["lea_code", "severity", "opened_at"], name="finding_open", condition=Q(closed_at=None)
            ),
            models.Index(fields=["student_id", "closed_at"], name="finding_of_student"),
        ]


class ImportRun(models.Model):
    """One taking-in of files. ``counts`` are the sums of its files'; ``refusals`` say why it ended without loading."""

    KINDS = [("sis", "SIS files"), ("state", "State extracts")]
    STATES = [("waiting", "Waiting"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")]

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=5, choices=KINDS)
    lea_code = models.CharField(max_length=7, blank=True)
    state = models.CharField(max_length=7, choices=STATES, default="waiting")
    job_id = models.BigIntegerField(null=True, blank=True)
    by_id = models.BigIntegerField(null=True, blank=True)
    grant_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    refusals = models.JSONField(default=list)


class ImportFile(models.Model):
    """One file of a run, stored under a generated name; ``name`` is what the user called it.

    ``is_read`` says that the notes of reading it are stored, ``loaded_count`` how many of its lines have been
    judged: where the next worker goes on. ``counts`` are lines by outcome.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    stored_name = models.CharField(max_length=60)
    record = models.CharField(max_length=6, blank=True)
    sha256 = models.CharField(max_length=64)
    line_count = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    is_read = models.BooleanField(default=False)
    loaded_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["sha256"], name="import_file_by_content")]


class ImportNote(models.Model):
    """One line, or one field of a line, that did not load as it stood, in words, with whose job it is.

    ``effect``: the line was ``refused``, or left because it is another LEA's (``elsewhere``), a field of it was
    ``emptied``, or it was loaded as it is and wants a look (``kept``). ``line`` 0 is the file as a whole. ``about`` is
    the code of the school that the directory did not know, where the note is of one.
    """

    EFFECTS = [
        ("refused", "Line refused"),
        ("emptied", "Field left out"),
        ("kept", "Loaded, look at it"),
        ("elsewhere", "Another LEA's"),
    ]

    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="notes")
    line = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=20)
    severity = models.CharField(max_length=13)
    fields = models.JSONField(default=list)
    message = models.CharField(max_length=400)
    owner = models.CharField(max_length=20)
    fix = models.CharField(max_length=400, blank=True)
    effect = models.CharField(max_length=9, choices=EFFECTS)
    about = models.CharField(max_length=7, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["file", "line", "id"], name="import_note_of_file")]
        constraints = [
            models.CheckConstraint(
                name="import_note_effect",
                condition=Q(effect__in=["refused", "emptied", "kept", "elsewhere"]),
            )
        ]
