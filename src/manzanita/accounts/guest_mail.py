"""Mail to the coordinators of a district about access to its records. No student, no name of who asked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.core.mail import send_mail
from django.db import transaction

from manzanita.accounts.guest_queries import coordinators_of

# Subject, and what the mail says. Everything else is read after signing in.
NOTICES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "host-session-asked": (
            "the host asks for a session",
            "Host staff ask to look at your district's records to solve a problem. Nobody sees anything until you "
            "approve it. Sign in; the request is on your home page.",
        ),
        "host-session-approved": (
            "a host session is open",
            "A session of host staff was approved for your district and is open now. You can end it at any moment: "
            "sign in; it is on your home page. Each look is listed there.",
        ),
        "host-session-ended": (
            "a host session was ended",
            "A session of host staff at your district was ended. Sign in to read what they looked at.",
        ),
        "student-asked-for": (
            "another district asks for a student",
            "Another district of this installation asks your district to hand the record of a student over. Sign in; "
            "the request is on your home page, with what stands in its way.",
        ),
        "student-answered": (
            "an answer about a student you asked for",
            "The district that you asked for a student has answered. Sign in; the transfer is on your home page.",
        ),
        "student-withdrawn": (
            "a request for a student is over",
            "A district that asked yours for a student needs no answer any more. Sign in to read why.",
        ),
        "directory-answered": (
            "an answer about a school or agency",
            "The SELPA has decided on a request of your district for the directory of schools and agencies. Sign in; "
            "the directory shows it under Requests.",
        ),
        "record-requested": (
            "another agency asks for a record",
            "Somebody of another agency asks to read a record of your district. Sign in; the request is on your "
            "home page, and you decide.",
        ),
    }
)


def tell_coordinators(agency_id: int, notice: str) -> None:
    """Write to every coordinator of the agency once the transaction is done. A mail that fails undoes nothing."""
    subject, text = NOTICES[notice]

    def send() -> None:
        # One mail for each: who reads one need not learn the others.
        for person in coordinators_of(agency_id):
            send_mail(f"Manzanita: {subject}", f"{person.name},\n\n{text}\n\nManzanita", None, [person.email])

    transaction.on_commit(send, robust=True)
