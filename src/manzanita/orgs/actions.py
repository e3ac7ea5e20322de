"""Writing agencies and schools."""

import csv
from pathlib import Path

from django.db import transaction

from manzanita.orgs.models import Agency, School


@transaction.atomic
def load_orgs(path: Path) -> dict[str, int]:
    """Load ``orgs.csv`` (kind,code,name,parent,county_code,npa_id); loading it again changes nothing new.

    Returns counts of agencies and schools in the file. Raises ``ValueError`` naming the line when a school's
    parent is not in the file or in the database.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(enumerate(csv.DictReader(file), start=2))
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
