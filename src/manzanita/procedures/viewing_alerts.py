"""Telling a district, and whoever runs the installation, that somebody looked at far too many students."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from manzanita.accounts.queries import user_names
from manzanita.accounts.second_person import lifters_of
from manzanita.auditing.actions import log_change
from manzanita.auditing.models import ViewingBlock
from manzanita.domain.viewing_limits import words_of
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.ui.formats import long_date, us_time


def alert_block(block_id: int) -> int:
    """Mail everybody who can lift the block, and the host, once; returns how many were told.

    Names the member of staff, never a student. A mail server that fails raises, and the job tries again: a mail may
    then come twice. No transaction is open while mail is sent.
    """
    block = ViewingBlock.objects.get(pk=block_id)
    if block.alerted_at is not None:
        return 0
    told = list(dict.fromkeys([*(one.email for one in lifters_of(block)), *settings.HOST_ALERT_ADDRESSES]))
    agency = agency_names([block.agency_code]).get(block.agency_code, block.agency_code)
    subject, text = _words(block, agency)
    for address in told:
        send_mail(subject, text, None, [address])
    with transaction.atomic():
        ViewingBlock.objects.filter(pk=block.pk).update(alerted_at=clock.now())
        log_change(actor=None, action="alert_viewing_block", subject=block, detail={"told": len(told)})
    return len(told)


def _words(block: ViewingBlock, agency: str) -> tuple[str, str]:
    name = user_names({block.user_id}).get(block.user_id, "")
    return (
        f"Manzanita: student pages stopped at {agency}",
        f"The student pages of {name} ({agency}) are stopped since {long_date(block.since)}, {us_time(block.since)}, "
        f"because {words_of(block.reason)}: {block.student_count:,} students.\n\n"
        "The person can still sign in. Find out what happened: is it their own work, or does somebody else use the "
        "account? If it was their work, open the pages again in Manzanita: Home, Stopped pages. If it was not, end "
        "their sign-ins first, and begin the district's plan for a breach.\n",
    )
