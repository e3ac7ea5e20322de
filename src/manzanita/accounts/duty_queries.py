"""Reading duties: who has them, who stands in, and where nobody does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from manzanita.accounts.models import Duty, Grant
from manzanita.accounts.queries import capabilities_of, in_force
from manzanita.domain.duties import DUTIES
from manzanita.platform import clock


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One duty of the agency. ``gap`` says what is wrong with it, or is empty."""

    kind: str
    label: str
    what: str
    duty: Duty | None
    gap: str


def duties_at(agency_code: str) -> list[DutyRow]:
    """Every duty of an agency, named or not; three queries."""
    rows = {
        duty.kind: duty
        for duty in Duty.objects.filter(agency__code=agency_code, ended_at__isnull=True).select_related(
            "holder", "backup"
        )
    }
    named = {pk for duty in rows.values() for pk in (duty.holder_id, duty.backup_id) if pk is not None}
    able = _able([agency_code], named)
    return [
        DutyRow(
            kind.key,
            kind.label,
            kind.what,
            rows.get(kind.key),
            _gap(rows.get(kind.key), able.get((agency_code, kind.key), set())),
        )
        for kind in DUTIES.values()
    ]


def gaps_at(agency_codes: Collection[str]) -> dict[str, int]:
    """Of each of these agencies, how many duties nobody who can do them has; two queries."""
    rows = Duty.objects.filter(agency__code__in=agency_codes, ended_at__isnull=True)
    known: dict[str, dict[str, Duty]] = defaultdict(dict)
    for duty in rows.select_related("agency", "holder", "backup"):
        known[duty.agency.code][duty.kind] = duty
    named = {
        pk
        for of_agency in known.values()
        for duty in of_agency.values()
        for pk in (duty.holder_id, duty.backup_id)
        if pk is not None
    }
    able = _able(agency_codes, named)
    return {
        code: sum(bool(_gap(known[code].get(kind), able.get((code, kind), set()))) for kind in DUTIES)
        for code in agency_codes
    }


def _able(agency_codes: Collection[str], ids: Iterable[int]) -> Mapping[tuple[str, str], set[int]]:
    """Per agency and duty which of these people can do it there now."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    grants = Grant.objects.filter(
        in_force(clock.today()), agency__code__in=agency_codes, user__in=list(ids), user__is_active=True
    )
    for grant in grants.select_related("agency", "role", "delegated_from__role"):
        for kind in DUTIES.values():
            if kind.capability in capabilities_of(grant):
                found[grant.agency.code, kind.key].add(grant.user_id)
    return found


def _gap(duty: Duty | None, able: set[int]) -> str:
    if duty is None:
        return "Nobody has this duty."
    if duty.holder_id in able:
        return (
            ""
            if duty.backup_id is None or duty.backup_id in able
            else f"{duty.backup} can no longer stand in."
        )
    if duty.backup_id in able:
        return f"{duty.holder} can no longer do it here; {duty.backup} stands in."
    return f"{duty.holder} can no longer do it here, and nobody stands in."


def duties_of(user_id: int) -> list[Duty]:
    """Duties that the person has or stands in for, anywhere."""
    rows = Duty.objects.filter(Q(holder=user_id) | Q(backup=user_id), ended_at__isnull=True)
    return list(rows.select_related("agency", "holder", "backup").order_by("agency__name", "kind"))
