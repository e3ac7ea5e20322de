"""How often a person wants mail, and whether one is due today."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q

from manzanita.accounts.models import User
from manzanita.accounts.reminder_models import ReminderChoice
from manzanita.accounts.sign_in_log import log_own

SATURDAY = 5


def choice_of(user: User) -> ReminderChoice:
    """What the person chose, or the default, which is not stored."""
    return ReminderChoice.objects.filter(user=user).first() or ReminderChoice(user=user)


@transaction.atomic
def choose_reminders(user: User, every: str) -> None:
    """Raises ``ValueError`` for what is no choice."""
    if every not in dict(ReminderChoice.EVERY):
        raise ValueError("no such choice of reminders")
    ReminderChoice.objects.update_or_create(user=user, defaults={"every": every})
    log_own(user, "choose_reminders", every=every)


def is_due(choice: ReminderChoice, today: date) -> bool:
    """On weekdays; a weekly one from Monday on, until it went out in that week."""
    if choice.every == "never" or today.weekday() >= SATURDAY or choice.tried_on == today:
        return False
    monday = today - timedelta(days=today.weekday())
    return choice.every == "daily" or choice.mailed_on is None or choice.mailed_on < monday


def claim(user: User, today: date) -> bool:
    """Whether this caller is the one who sends today's mail: of any number, one is."""
    ReminderChoice.objects.get_or_create(user=user)
    free = Q(tried_on__isnull=True) | Q(tried_on__lt=today)
    return bool(ReminderChoice.objects.filter(free, user=user).update(tried_on=today))


def note_mailed(user: User, today: date) -> None:
    ReminderChoice.objects.filter(user=user).update(mailed_on=today)
