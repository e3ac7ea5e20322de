"""Saying no to access that was asked or is to be given: nothing is written, and each reason says the way out."""

from __future__ import annotations

from manzanita.accounts.guest_queries import may_give
from manzanita.accounts.models import HostSession, RecordRequest
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.platform import clock


class NotGiven(RefusedForReasons):
    """Access was not given or changed; nothing was written. ``reasons`` say why."""


def refusal(code: str, text: str, way_out: str) -> Reason:
    return Reason(code, text, Owner.COORDINATOR, way_out)


def require_open(actor: Actor, perspective_key: str, asked: HostSession | RecordRequest, answer: str) -> None:
    """Raises ``NotGiven`` unless the actor may answer what was asked, gives a word, and nobody has answered."""
    if not may_give(actor, perspective_key):
        raise NotGiven(
            [
                refusal(
                    "not-the-giver",
                    "The district that was asked decides.",
                    "Its SEDS coordinator approves or refuses.",
                )
            ]
        )
    if asked.state != "asked":
        raise NotGiven(
            [
                refusal(
                    "answered",
                    f"Nothing was changed: this was answered already ({asked.get_state_display().lower()}).",
                    "See the list for what stands.",
                )
            ]
        )
    if not answer.strip():
        raise NotGiven(
            [
                refusal(
                    "no-answer", "A word to who asked is missing.", "Write why, in a sentence; they read it."
                )
            ]
        )


def decide_on(actor: Actor, asked: HostSession | RecordRequest, state: str, answer: str) -> None:
    """Write who decided what, and when, on the row; the caller saves it."""
    asked.state, asked.answer = state, answer.strip()[:300]
    asked.decided_by_id, asked.decided_at = actor.user_id, clock.now()
