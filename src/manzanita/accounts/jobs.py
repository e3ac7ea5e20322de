"""Jobs of accounts."""

from __future__ import annotations

from manzanita.accounts.person_actions import close_dormant_accounts, close_planned_accounts
from manzanita.platform.daily import daily
from manzanita.platform.jobs import JobRun, job_kind

CLOSE_DORMANT = "accounts.close-dormant"


@daily(CLOSE_DORMANT)
@job_kind(CLOSE_DORMANT)
def close_dormant(run: JobRun) -> dict[str, int]:
    """Close accounts whose last day has passed, and those without a sign-in for a year; doing it again on the same
    day finds nothing left."""
    return {"left": close_planned_accounts(), "dormant": close_dormant_accounts()}
