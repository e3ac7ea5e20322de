"""The log of signing in: who came in how, who was turned away, which factor came and went. Never a secret."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from manzanita.accounts.models import User
from manzanita.auditing.actions import Reader, log_change
from manzanita.auditing.models import ChangeEvent
from manzanita.platform import clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccountHolder:
    """A person acting on their own account, before or beside any perspective."""

    user_id: int
    grant_id: int | None = None
    perspective_key: str = "account holder"
    # A sign-in belongs to no agency: it goes into the chain of the installation.
    agency_code: str = ""


def log_own(user: User, action: str, **detail: Any) -> None:
    """``user`` did ``action`` (``sign_in``, ``add_passkey`` ...) to their own account."""
    log_change(actor=AccountHolder(user.pk), action=action, subject=user, detail=detail)


def count_own(user: User, action: str, *, within: timedelta) -> int:
    """How often ``user`` did ``action`` lately."""
    return ChangeEvent.objects.filter(
        subject_type=user._meta.label_lower, subject_id=user.pk, action=action, at__gt=clock.now() - within
    ).count()


def log_by(user: User, action: str, *, by: Reader | None, reason: str, **detail: Any) -> None:
    """Somebody else did ``action`` to the account of ``user``; ``by`` ``None`` is the system."""
    log_change(actor=by, action=action, subject=user, reason=reason, detail=detail)


def log_failure(user: User | None, step: str, detail: Mapping[str, Any] | None = None) -> None:
    """A try at ``step`` failed. Of an account that does not exist nothing is kept but that it was tried."""
    if user is None:
        logger.warning("sign-in failed at %s for an account that does not exist", step)
        return
    log_change(actor=None, action="fail_sign_in", subject=user, detail={"step": step, **(detail or {})})
