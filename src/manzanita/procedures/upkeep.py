"""The upkeep: every job that changes records by itself, in words, as data; with what each left alone and why.

Whoever adds a job that recurs describes it here; a test holds that none is forgotten. Runs are the rows of
``platform.models.Job``, changes those of the change log: nothing is kept for the upkeep alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from manzanita.accounts.jobs import CLOSE_DORMANT
from manzanita.auditing.models import ChangeEvent
from manzanita.auditing.recurring import VERIFY_JOB
from manzanita.deadlines.jobs import NIGHTLY_JOB as DUE_JOB
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor, Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.due_moves import before_of, move_words, why_moved
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.closed_windows import WINDOW_JOB
from manzanita.exchange.report_actions import EXPIRE_JOB
from manzanita.leaving.models import Leaving
from manzanita.platform import clock
from manzanita.platform.jobs import is_under_way
from manzanita.platform.models import Job
from manzanita.platform.together import read_together
from manzanita.procedures.arriving import NIGHTLY_LOOK_JOB
from manzanita.procedures.check_findings import NIGHTLY_JOB as FINDINGS_JOB
from manzanita.procedures.leaving_job import LEAVING_JOB
from manzanita.procedures.planned_settings import SETTING_JOB, due_settings, why_left
from manzanita.procedures.reminders import REMINDER_JOB
from manzanita.procedures.student_transfers import SETTLE_JOB, why_not_by_policy
from manzanita.students.duplicates import DUPLICATES_JOB
from manzanita.students.models import NextSetting
from manzanita.students.scope import lea_filter, visible_to
from manzanita.transfers.queries import waiting_transfers

CHANGES_SHOWN = 100
LEFT_SHOWN = 50
RUNS_SHOWN = 20
# Of whom is asked anew why they are left alone: each costs what the preview of a change does.
ASKED_ANEW = 10
# How far back the changes of a job are listed.
CHANGES_OF = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """One student whom a job left as it is: ``since`` when, and every reason."""

    student_id: int
    since: date
    reasons: Sequence[Reason]
    what: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that a job changed of which the change log says nothing; ``due_date`` is its key."""

    student_id: int
    at: datetime
    what: str
    why: str
    due_date: int


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One job. ``counts`` maps the keys of its result to words, the first of them being what it changed; ``actions``
    are verbs of the change log under which its changes stand; ``left`` tells what it left alone. ``may_run`` is what
    one must be allowed to do to have it run now, ``None`` where nobody can, for ``why_not``."""

    key: str
    kind: str
    title: str
    does: str
    when: str
    owner: Owner
    counts: Mapping[str, str]
    may_run: Capability | None = None
    why_not: str = ""
    actions: tuple[str, ...] = ()
    # The name of the round in which it also happens without a job.
    round: str = ""
    left: Callable[[Actor], list[LeftAlone]] | None = field(default=None, compare=False)
    # How many more wait of whom it is not asked why.
    more: Callable[[Actor], int] | None = field(default=None, compare=False)
    # What it changed beside the change log, newest first.
    rows: Callable[[Actor], list[Changed]] | None = field(default=None, compare=False)


def _leavings_left(actor: Actor) -> list[LeftAlone]:
    rows = Leaving.objects.filter(
        state="planned",
        leaves_on__lte=clock.today(),
        student__in=visible_to(actor).order_by().values("pk"),
        **lea_filter(actor),
    ).order_by("leaves_on", "id")
    return [
        LeftAlone(
            one.student_id,
            one.leaves_on,
            [Reason(p["code"], p["text"], Owner(p["owner"]), p["way_out"]) for p in one.problem],
            one.reason.label,
        )
        for one in rows.exclude(problem=[])[:LEFT_SHOWN]
    ]


def _transfers_left(actor: Actor) -> list[LeftAlone]:
    waiting = waiting_transfers().filter(sending_code__in=actor.agency_codes)
    return [
        LeftAlone(
            one.student_id,
            clock.day_of(one.asked_at),
            why_not_by_policy(one),
            "Asked for by another district",
        )
        for one in waiting[:LEFT_SHOWN]
    ]


def _due_dates_changed(actor: Actor) -> list[Changed]:
    """The newest due dates that are not what they were before, and where there is room the first counted ones; one that
    stayed the same is not written again."""
    rows = DueDate.objects.filter(
        computed_at__gt=clock.now() - CHANGES_OF,
        student__in=visible_to(actor).order_by().values("pk"),
        **lea_filter(actor),
    ).order_by("-computed_at", "-pk")
    moved = rows.exclude(before={})[:CHANGES_SHOWN]
    first = rows.filter(before={})[:CHANGES_SHOWN]
    read_together(moved, first)
    shown = [*moved, *first][:CHANGES_SHOWN]
    shown.sort(key=lambda one: (one.computed_at, one.pk), reverse=True)
    return [_due_date_change(one) for one in shown]


def _due_date_change(row: DueDate) -> Changed:
    before = before_of(row.before)
    why = (
        why_moved(row.clock, before, row.given) if before else "The clock began to run, or was first watched."
    )
    return Changed(
        row.student_id,
        row.computed_at,
        f"{CLOCKS[row.clock].title}: {move_words(before, row.due_on, row.statutory_due_on)}",
        f"{why} {row.problem}".strip(),
        row.pk,
    )


def _settings_due(actor: Actor) -> QuerySet[NextSetting, NextSetting]:
    return due_settings().filter(student__in=visible_to(actor).order_by().values("pk"))


def _settings_not_asked(actor: Actor) -> int:
    return max(_settings_due(actor).count() - ASKED_ANEW, 0)


def _settings_left(actor: Actor) -> list[LeftAlone]:
    """Asked anew of each: what stands against it may have gone since the night."""
    found = [(one, why_left(one)) for one in _settings_due(actor)[:ASKED_ANEW]]
    return [
        LeftAlone(one.student_id, one.starts_on, reasons, "Planned program setting")
        for one, reasons in found
        if reasons
    ]


NIGHT = "Once each California day, soon after midnight"
UPKEEP: tuple[Upkeep, ...] = (
    Upkeep(
        "leavings",
        LEAVING_JOB,
        "Planned leavings are carried out",
        "A leaving that was planned for a day is recorded when that day comes, by the grant of whoever planned it.",
        NIGHT,
        Owner.COORDINATOR,
        {"done": "carried out", "stayed": "left alone"},
        Capability.CORRECT_RECORD,
        actions=("record_leaving",),
        left=_leavings_left,
    ),
    Upkeep(
        "settings",
        SETTING_JOB,
        "Planned program settings are recorded",
        "A setting that was planned from a day on, such as the fifth birthday, is recorded as a change without a "
        "meeting when that day comes, by the grant of whoever planned it.",
        NIGHT,
        Owner.COORDINATOR,
        {"done": "recorded", "stayed": "left alone"},
        Capability.CORRECT_RECORD,
        actions=("carry_out_setting",),
        left=_settings_left,
        more=_settings_not_asked,
    ),
    Upkeep(
        "report-statuses",
        EXPIRE_JOB,
        "Report statuses that ran out are ended",
        "An archive that was left out until a day is reported whole again from that day on.",
        NIGHT + ", and before each send",
        Owner.COORDINATOR,
        {"ended": "ended"},
        Capability.SEND_TO_STATE,
        actions=("end_report_status",),
    ),
    Upkeep(
        "former-leas",
        WINDOW_JOB,
        "What a former LEA may send no more is held",
        "On the day after the amendment window of a school year closes, lines of students who left in that year and "
        "whom another LEA reports are held, with the reason.",
        NIGHT + ", and before each send",
        Owner.COORDINATOR,
        {"held": "students held"},
        Capability.SEND_TO_STATE,
    ),
    Upkeep(
        "transfers",
        SETTLE_JOB,
        "Transfers are accepted by policy",
        "Where the SELPA's policy says so, a request is accepted once the SIS files show that the student has moved.",
        "Each minute",
        Owner.SELPA,
        {"accepted": "accepted"},
        Capability.TRANSFER_STUDENT,
        actions=("accept_student_transfer",),
        round="transfers.settle",
        left=_transfers_left,
    ),
    Upkeep(
        "arrivals",
        NIGHTLY_LOOK_JOB,
        "Arrivals are looked for",
        "Every new enrollment is held against our records and the state's; who came is listed, and an arrival whose "
        "cause is gone is settled.",
        NIGHT + ", and after each SIS file",
        Owner.COORDINATOR,
        {"new": "new", "changed": "changed", "settled": "settled", "reopened": "open again"},
        Capability.CORRECT_RECORD,
    ),
    Upkeep(
        "due-dates",
        DUE_JOB,
        "Due dates are counted anew",
        "Every clock of every student is counted with the calendars of the day: some begin and end with the day alone.",
        NIGHT + ", and within seconds of a change",
        Owner.COORDINATOR,
        {
            "changed": "changed",
            "new": "new",
            "gone": "gone",
            "same": "unchanged",
            "students": "students looked at",
        },
        Capability.EDIT_CALENDARS,
        rows=_due_dates_changed,
    ),
    Upkeep(
        "findings",
        FINDINGS_JOB,
        "Records are judged by the rules",
        "Every student is marked to be judged; the rules then open findings, and close those whose cause is gone.",
        NIGHT + ", and within seconds of a change",
        Owner.COORDINATOR,
        {"students": "students marked"},
        Capability.CORRECT_RECORD,
    ),
    Upkeep(
        "duplicates",
        DUPLICATES_JOB,
        "Possible duplicates are looked for",
        "Names, sounds and birth dates are compared; pairs that are alike no more go. No record is changed.",
        NIGHT,
        Owner.COORDINATOR,
        {"new": "new pairs", "gone": "gone", "open": "to settle"},
        Capability.ENTER_STUDENT,
    ),
    Upkeep(
        "reminders",
        REMINDER_JOB,
        "Reminders are mailed",
        "Who wants it is told by mail how many reviews are near. Nobody gets two on a day, however often it runs.",
        NIGHT,
        Owner.COORDINATOR,
        {"sent": "sent", "nothing_to_say": "without anything to say", "failed": "refused by the mail server"},
        Capability.MANAGE_PEOPLE,
    ),
    Upkeep(
        "accounts",
        CLOSE_DORMANT,
        "Accounts are closed",
        "Who left on a planned day, and who has not signed in for a year, can sign in no more. The last coordinator of "
        "a district is left alone. Grants end by themselves with their last day.",
        NIGHT,
        Owner.COORDINATOR,
        {"left": "left", "dormant": "without a sign-in for a year"},
        Capability.MANAGE_PEOPLE,
    ),
    Upkeep(
        "seals",
        VERIFY_JOB,
        "The sealed logs are verified",
        "Every row of the logs is held against its seal. Nothing is changed.",
        "Once in 24 hours",
        Owner.COORDINATOR,
        {"rows": "rows verified", "problems": "problems"},
        Capability.READ_AUDIT,
    ),
    Upkeep(
        "exports",
        "auditing.tidy-export",
        "Files of exports are removed",
        "A file is removed seven days after it was made, and a request that nobody approved lapses after three.",
        "For each export when its time comes",
        Owner.COORDINATOR,
        {},
        why_not="Each file has a time of its own, which was told when it was made. Who made it can ask for it anew.",
    ),
)
BY_KEY: Mapping[str, Upkeep] = {one.key: one for one in UPKEEP}


def newest_runs() -> dict[str, Job]:
    """The newest run of each job, by key; one query."""
    newest = {one.key: Job.objects.filter(kind=one.kind).order_by("-pk")[:1] for one in UPKEEP}
    read_together(*newest.values())
    return {key: run for key, rows in newest.items() for run in rows}


def runs_of(one: Upkeep) -> list[Job]:
    """Its newest runs, the newest first."""
    return list(Job.objects.filter(kind=one.kind).order_by("-pk")[:RUNS_SHOWN])


def why_not_run(actor: Actor, one: Upkeep) -> Reason | None:
    """Why the actor cannot have it run now; ``None``: can."""
    if one.may_run is None:
        return Reason("runs-by-itself", one.why_not, one.owner, "Nothing is to be done.")
    if actor.is_read_only or not actor.may(one.may_run):
        return Reason(
            "may-not-run",
            f"As {actor.perspective.label} you do not do this work by hand either.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator, or wait for the night.",
        )
    if is_under_way(one.kind):
        return Reason(
            "under-way",
            "It waits for its turn or runs already.",
            one.owner,
            "Watch it below; twice is not needed.",
        )
    return None


def changes_of(actor: Actor, one: Upkeep, since: datetime | None = None) -> list[ChangeEvent]:
    """What the job changed of students within the actor's reach in the last 30 days, newest first."""
    if not one.actions:
        return []
    by_job = Q(request_id__startswith="job-") | Q(request_id=one.round or "-")
    return list(
        ChangeEvent.objects.filter(
            by_job,
            at__gt=since or clock.now() - CHANGES_OF,
            action__in=one.actions,
            student_id__in=visible_to(actor).order_by().values("pk"),
        ).order_by("-at", "-pk")[:CHANGES_SHOWN]
    )
