"""Reminders by mail: how many reviews are overdue, come due or are planned. Numbers and a link, never a student."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse

from manzanita.accounts.middleware import agencies_of
from manzanita.accounts.models import Grant, ReminderChoice, User
from manzanita.accounts.queries import actor_of, grants_in_force, in_force, standings_of
from manzanita.accounts.reminders import claim, is_due, note_mailed
from manzanita.domain.access import Actor, Capability
from manzanita.meetings.plan_counts import PlanCounts, plan_counts_of
from manzanita.platform import clock
from manzanita.platform.jobs import JobRun
from manzanita.platform.reach import reach
from manzanita.ui.formats import plural

REMINDER_JOB = "reminders.mail"
logger = logging.getLogger(__name__)


def send_reminders(run: JobRun | None = None) -> dict[str, int]:
    """Write to everybody to whom a mail is due today and of whose reviews there is something to say.

    Any number of workers may do it at once, and again: nobody gets two on a day. A mail that the server refuses is not
    tried again on that day; a weekly one goes out on the next.
    """
    today = clock.today()
    told = {"sent": 0, "nothing_to_say": 0, "failed": 0}
    holders = Grant.objects.filter(in_force(today), user__is_active=True).values("user_id")
    people = list(User.objects.filter(pk__in=holders).order_by("pk"))
    choices = {one.user_id: one for one in ReminderChoice.objects.filter(user__in=people)}
    for number, user in enumerate(people):
        if run is not None:
            run.progress(number, len(people), "Reminders")
        if not is_due(choices.get(user.pk) or ReminderChoice(user=user), today):
            continue
        actor = _who_holds_meetings(user)
        if actor is None:
            continue
        with reach(agencies_of(actor)), transaction.atomic():
            counts = plan_counts_of(actor)
        if counts.is_nothing:
            told["nothing_to_say"] += 1
        elif claim(user, today):
            told["sent" if _send(user, counts) else "failed"] += 1
    return told


def _who_holds_meetings(user: User) -> Actor | None:
    """The person through the first perspective that holds meetings: whoever does not has nothing to be reminded of."""
    for standing in standings_of(grants_in_force(user, clock.today())):
        actor = actor_of(user, *standing)
        if actor.may(Capability.HOLD_MEETING):
            return actor
    return None


def _send(user: User, counts: PlanCounts) -> bool:
    try:
        send_mail("Manzanita: reviews that come due", text_of(user, counts), None, [user.email])
    except (SMTPException, OSError) as error:
        logger.warning("reminder to person %s failed: %s", user.pk, type(error).__qualname__)
        return False
    note_mailed(user, clock.today())
    return True


def text_of(user: User, counts: PlanCounts) -> str:
    """The mail. Only numbers: it may be read by whoever reads the mailbox."""
    lines = [
        words
        for count, words in (
            (counts.overdue, f"{plural(counts.overdue, 'review')} overdue, without a planned day"),
            (
                counts.without_day,
                f"{plural(counts.without_day, 'review')} due within 60 days, without a planned day",
            ),
            (
                counts.passed,
                f"{plural(counts.passed, 'planned day')} passed without the meeting being recorded",
            ),
            (counts.this_week, f"{plural(counts.this_week, 'meeting')} planned this week"),
        )
        if count
    ]
    if settings.SITE_ADDRESS:
        where = f"See them here: {settings.SITE_ADDRESS}{reverse('caseload_plan')}"
        end = f"How often you get this, or never: {settings.SITE_ADDRESS}{reverse('account')}#a-reminders"
    else:
        where = "Sign in; they stand on your home page."
        end = "How often you get this, or never: choose it on your account page."
    told = "\n".join(f"- {line}" for line in lines)
    return f"{user.name},\n\nof the students in your reach:\n\n{told}\n\n{where}\n\n{end}\n\nManzanita"
