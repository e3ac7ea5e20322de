"""Migrations that change what stands in tables: rows from before say what they should after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from manzanita.accounts.models import Grant, Role
from manzanita.exchange.models import ImportNote, StateFinding
from manzanita.findings.models import RuleFinding
from tests.support import world as w

pytestmark = pytest.mark.django_db(transaction=True)

Before = list[tuple[str, str]]


def migrated_from(before: Before, write: Callable[[Any], None]) -> None:
    """``write`` puts rows into the tables as they were at ``before``; then every migration runs that came since."""
    # Of every app: whatever rests on these tables is gone with them.
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    MigrationExecutor(connection).migrate(before)
    try:
        loader = MigrationExecutor(connection).loader
        write(loader.project_state(list(loader.applied_migrations)).apps)
    finally:
        MigrationExecutor(connection).migrate(latest)


# findings 0003: the office that there is


OWNERS = ("SPED clerk", "SIS staff", "SEDS coordinator")
OWNERS_NOW = ["Clerk or coordinator", "SIS staff", "SEDS coordinator"]


def with_owners(apps) -> None:
    run = apps.get_model("exchange", "ImportRun")._base_manager.create(kind="sis", created_at=w.NOON)
    file = apps.get_model("exchange", "ImportFile")._base_manager.create(
        run=run, name="SENR", stored_name="1"
    )
    notes = apps.get_model("exchange", "ImportNote")._base_manager
    of_state = apps.get_model("exchange", "StateFinding")._base_manager
    of_rules = apps.get_model("findings", "RuleFinding")._base_manager
    for number, owner in enumerate(OWNERS):
        shared = {"severity": "fatal", "owner": owner, "message": "M"}
        found = {
            **shared,
            "identity": str(number),
            "rule_code": "PLAN0001",
            "student_id": 1,
            "lea_code": w.LEA,
            "record": "PLAN",
            "record_key": "K",
            "opened_at": w.NOON,
        }
        notes.create(file=file, code="C", effect="kept", **shared)
        of_state.create(source="rules", **found)
        of_rules.create(phase="P", kind="K", inputs="I", first_seen_at=w.NOON, last_seen_at=w.NOON, **found)


def test_what_was_the_clerks_alone_is_the_job_of_clerk_or_coordinator():
    migrated_from([("findings", "0002_row_level_security")], with_owners)
    for model in (RuleFinding, StateFinding, ImportNote):
        assert list(model._base_manager.order_by("pk").values_list("owner", flat=True)) == OWNERS_NOW


# accounts 0009: reporting participation is a right of its own


HELD, BOTH = ["read_student", "hold_meeting"], ["hold_meeting", "report_participation"]
# What a role or a lent grant listed, and what it lists now.
LISTED = [
    (HELD, ["read_student", "hold_meeting", "report_participation"]),
    (BOTH, BOTH),
    (["read_student"], ["read_student"]),
    ([], []),
]


def with_capabilities(apps) -> None:
    role, grant, user, agency = (
        apps.get_model(*name)._base_manager
        for name in (("accounts", "Role"), ("accounts", "Grant"), ("accounts", "User"), ("orgs", "Agency"))
    )
    person = user.create(email="wren@example.org", name="Wren Placeholder")
    place = agency.create(code=w.LEA, kind="lea", name="Chaparral Unified", selpa_code=w.SELPA)
    shared = {"user": person, "agency": place, "perspective_key": "case_manager", "reason": "test"}
    for number, (listed, _) in enumerate(LISTED):
        role.create(
            selpa_code=w.SELPA,
            key=f"role-{number}",
            label="R",
            perspective_key="case_manager",
            capabilities=listed,
        )
        grant.create(**shared, starts_on=date(2026, 7, 1 + number), only_capabilities=listed)
    # Of a grant that nobody lent all of the perspective counts.
    grant.create(**shared, starts_on=date(2026, 8, 1), only_capabilities=None)


def test_roles_and_lent_grants_that_hold_meetings_keep_reporting_participation():
    migrated_from([("accounts", "0008_reminders_and_feeds")], with_capabilities)
    now = [listed for _, listed in LISTED]
    roles, grants = Role.objects.order_by("key"), Grant.objects.order_by("starts_on")
    assert [one.capabilities for one in roles] == now
    assert [one.only_capabilities for one in grants] == [*now, None]
