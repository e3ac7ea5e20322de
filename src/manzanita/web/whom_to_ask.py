"""Whom a reader asks who may not do something: an office, and its page in the directory."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from manzanita.domain.access import Actor

_LEA_KINDS = frozenset({"lea", "coe"})


@dataclass(frozen=True, slots=True)
class Asked:
    """``who`` stands inside a sentence: ``the SEDS coordinator of Chaparral Unified``."""

    who: str
    url: str


def coordinator_to_ask(actor: Actor, lea_code: str = "", lea_name: str = "") -> Asked:
    """The coordinator of the LEA whose record is read, or else of the reader's own. A SELPA, a nonpublic school or
    agency and a private school have none: theirs is the one of the student's district, whichever that is."""
    if not lea_code and actor.at_district:
        lea_code, lea_name = actor.at_district, actor.place_name
    if not lea_code and actor.perspective.agency_kinds & _LEA_KINDS:
        lea_code, lea_name = actor.agency_code, actor.agency_name
    if lea_code:
        return Asked(f"the SEDS coordinator of {lea_name or lea_code}", directory_at(lea_code))
    return Asked(
        "the SEDS coordinator of the student's district", f"{reverse('directory')}?role=seds_coordinator"
    )


def selpa_to_ask(actor: Actor) -> Asked:
    """What no coordinator decides."""
    return Asked("your SELPA", directory_at(actor.selpa_code))


def directory_at(agency_code: str) -> str:
    return f"{reverse('directory')}?{urlencode({'q': agency_code})}"
