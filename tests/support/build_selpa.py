"""``python -m tests.support.build_selpa FOLDER``: a fictitious SELPA in the database of the settings.

Taken in the way a district would take in its own. Two districts get people who can sign in: their coordinator
and ``--case-managers`` each. Prints the sign-ins as JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import secrets
from collections import Counter
from pathlib import Path

import django

from manzanita.commands.demo import FIRST_DAY
from tests.support.state_files import TOTP_KEY

SIS_FILES = ("SIS_SENR.txt", "SIS_SINF.txt")
EXTRACTS = ("ODS_SWDS.txt", "ODS_MEET.txt", "ODS_PLAN.txt", "ODS_SERV.txt")
DISTRICTS = 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--case-managers", type=int, default=5)
    args = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    from manzanita.accounts.models import User
    from manzanita.accounts.second_factor import enroll_totp
    from manzanita.domain.layouts.files import read_record_file
    from manzanita.orgs.actions import load_orgs
    from manzanita.procedures.import_sis import take_in_sis_files
    from manzanita.procedures.people import load_people
    from manzanita.procedures.take_over import take_over_extracts

    folder = args.folder
    call_command("migrate", verbosity=0)
    load_orgs(folder / "orgs.csv")
    take_in_sis_files([folder / name for name in SIS_FILES], by_id=None)
    take_over_extracts([read_record_file(folder / name) for name in EXTRACTS], by_id=None)
    people = _people(folder / "people.csv", args.case_managers)
    passwords = {row["email"]: secrets.token_urlsafe(16) for row in people}
    load_people(folder / "people.csv", as_of=FIRST_DAY, passwords=passwords)
    told = []
    for row in people:
        one = {
            "role": row["role"],
            "email": row["email"],
            "password": passwords[row["email"]],
            "totp_key": "",
        }
        if row["role"] == "coordinator":
            one["totp_key"] = TOTP_KEY
            enroll_totp(user=User.objects.get(email=row["email"]), secret=TOTP_KEY)
        told.append(one)
    print(json.dumps(told))


def _people(path: Path, case_managers: int) -> list[dict[str, str]]:
    """Of the districts with the most staff: the coordinator, and the first case managers."""
    with path.open(encoding="utf-8", newline="") as file:
        staff = [row for row in csv.DictReader(file) if row["kind"] == "staff"]
    largest = [code for code, _ in Counter(row["agency"] for row in staff).most_common(DISTRICTS)]
    chosen = []
    for code in largest:
        of_district = [row for row in staff if row["agency"] == code]
        chosen += [row for row in of_district if row["role"] == "coordinator"]
        chosen += [row for row in of_district if row["role"] == "case_manager"][:case_managers]
    return chosen


if __name__ == "__main__":
    main()
