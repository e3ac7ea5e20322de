"""Writing agencies and schools, and the answers of SELPAs to open questions."""

import csv
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.policies import POLICIES, TOLLING
from manzanita.orgs.models import Agency, PastName, PolicyAnswer, School
from manzanita.platform import clock
from manzanita.platform.changed import calendars_changed


@transaction.atomic
def load_orgs(path: Path) -> dict[str, int]:
    """Load ``orgs.csv`` (kind,code,name,parent,county_code,npa_id); loading it again changes nothing new. A name
    that is replaced is kept (``PastName``).

    Returns counts of agencies and schools in the file. Raises ``ValueError`` naming the line when a school's
    parent is not in the file or in the database.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(enumerate(csv.DictReader(file), start=2))
    _keep_names({row["code"]: row["name"] for _, row in rows})
    agencies = [
        Agency(
            code=row["code"],
            kind=row["kind"],
            name=row["name"],
            selpa_code=row["code"] if row["kind"] == "selpa" else row["parent"][:4],
            npa_id=row["npa_id"],
        )
        for _, row in rows
        if row["kind"] != "school"
    ]
    Agency.objects.bulk_create(
        agencies,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["kind", "name", "selpa_code", "npa_id"],
    )
    by_code = {agency.code: agency for agency in Agency.objects.all()}
    schools = []
    for line, row in rows:
        if row["kind"] != "school":
            continue
        if row["parent"] not in by_code:
            raise ValueError(
                f"{path.name}, line {line}: parent {row['parent']!r} of school {row['code']} is unknown"
            )
        schools.append(School(code=row["code"], name=row["name"], agency=by_code[row["parent"]]))
    School.objects.bulk_create(
        schools, update_conflicts=True, unique_fields=["code"], update_fields=["name", "agency"]
    )
    return {"agencies": len(agencies), "schools": len(schools)}


def _keep_names(named: dict[str, str]) -> None:
    """What the file calls otherwise than the directory keeps its name until yesterday beside the new one."""
    last_on = clock.today() - timedelta(days=1)
    now = Agency.objects.values_list("code", "name").union(School.objects.values_list("code", "name"))
    PastName.objects.bulk_create(
        PastName(code=code, name=name, last_on=last_on) for code, name in now if named.get(code, name) != name
    )


@transaction.atomic
def set_policy(
    *,
    actor: Actor,
    selpa_code: str,
    key: str,
    value: str,
    reason: str,
    effective_on: date | None = None,
) -> PolicyAnswer:
    """Answer an open question for a SELPA from ``effective_on`` on (default today); what was finalized before stays as
    it was.

    Raises ``ValueError`` for an unknown question or answer, without a reason, and for a day that is past: what was
    judged by the earlier answer was judged rightly.
    """
    policy = POLICIES.get(key)
    if policy is None or value not in policy.choices:
        raise ValueError(f"no such policy or answer: {key}={value}")
    if not reason.strip():
        raise ValueError("a policy is set with the reason for it")
    today = clock.today()
    if effective_on is not None and effective_on < today:
        raise ValueError("a policy holds from today on, or from a later day")
    answer = PolicyAnswer.objects.create(
        selpa_code=selpa_code,
        key=key,
        value=value,
        reason=reason,
        effective_on=effective_on or today,
        by_id=actor.user_id,
        at=clock.now(),
    )
    detail = {key: value, "effective_on": answer.effective_on.isoformat()}
    log_change(actor=actor, action="set_policy", subject=answer, reason=reason, detail=detail)
    if key == TOLLING:
        members = Agency.objects.filter(selpa_code=selpa_code, kind__in=["lea", "coe"])
        calendars_changed(members.values_list("code", flat=True))
    return answer
