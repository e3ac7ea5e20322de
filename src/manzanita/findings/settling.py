"""What people do with a finding: dismiss it with a reason, give it to somebody, ask who knows, and answer.

Each act is one conditional UPDATE with its event and its line in the change log. Doing it twice changes nothing the
second time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.findings.models import FindingEvent, RuleFinding
from manzanita.findings.reasons import (
    NotDone,
    already_dismissed,
    changed_meanwhile,
    closed_reason,
    no_words,
    nobody_chosen,
    not_asked,
    why_not_dismiss,
)
from manzanita.platform import clock

LONGEST_WORDS = 300


@transaction.atomic
def dismiss_finding(*, actor: Actor, finding: RuleFinding, reason: str, seen_inputs: str) -> bool:
    """Dismiss a warning until the values change that the rule read; whether anything was done.

    ``seen_inputs`` is the digest that the person saw. The same person doing the same again changes nothing. Raises
    ``NotDone``: it is no warning, it is closed, the values have changed, a colleague was first, or no reason.
    """
    words = _words(reason)
    refusal = why_not_dismiss(finding)
    if refusal is not None:
        raise NotDone([refusal])
    if not words:
        raise NotDone([no_words("The reason")])
    now = clock.now()
    done = RuleFinding.objects.filter(
        pk=finding.pk, state="open", severity="warning", inputs=seen_inputs
    ).update(
        state="dismissed",
        dismissed_at=now,
        dismissed_by_id=actor.user_id,
        dismissed_reason=words,
        dismissed_inputs=seen_inputs,
    )
    finding.refresh_from_db()
    if not done:
        return _judge_late(actor, finding, words, seen_inputs)
    _note(actor, finding, "dismissed", "dismiss_finding", text=words)
    return True


def _judge_late(actor: Actor, finding: RuleFinding, words: str, seen_inputs: str) -> bool:
    if finding.state == "closed":
        raise NotDone([closed_reason()])
    if finding.inputs != seen_inputs:
        raise NotDone([changed_meanwhile()])
    if finding.dismissed_by_id == actor.user_id and finding.dismissed_reason == words:
        return False
    by = user_names({finding.dismissed_by_id or 0}).get(finding.dismissed_by_id or 0, "Somebody")
    raise NotDone([already_dismissed(by, finding)])


@transaction.atomic
def reopen_finding(*, actor: Actor, finding: RuleFinding) -> bool:
    """Take a dismissal back; whether there was one."""
    done = RuleFinding.objects.filter(pk=finding.pk, state="dismissed").update(
        state="open", opened_at=clock.now(), dismissed_inputs=""
    )
    finding.refresh_from_db()
    if done:
        _note(actor, finding, "returned", "reopen_finding")
    return bool(done)


@transaction.atomic
def assign_finding(
    *, actor: Actor, finding: RuleFinding, to_id: int | None, candidates: Collection[int]
) -> bool:
    """Give the finding to one of ``candidates`` to settle, or to nobody; whether that is news. Raises ``NotDone``."""
    if to_id is not None and to_id not in candidates:
        raise NotDone([nobody_chosen()])
    still = RuleFinding.objects.filter(pk=finding.pk).exclude(state="closed")
    changes = still.filter(assignee_id__isnull=False) if to_id is None else still.exclude(assignee_id=to_id)
    done = changes.update(assignee_id=to_id)
    finding.refresh_from_db()
    if finding.state == "closed":
        raise NotDone([closed_reason()])
    if done:
        _note(actor, finding, "assigned", "assign_finding", about_id=to_id)
    return bool(done)


@transaction.atomic
def ask_about_finding(
    *, actor: Actor, finding: RuleFinding, of_id: int | None, question: str, candidates: Mapping[int, str]
) -> bool:
    """Ask one of ``candidates``, who see the student, what they know; whether that is news. Raises ``NotDone``."""
    words = _words(question)
    reasons = [] if of_id in candidates else [nobody_chosen()]
    reasons += [] if words else [no_words("The question")]
    if reasons:
        raise NotDone(reasons)
    still = RuleFinding.objects.select_for_update().filter(pk=finding.pk)
    finding = still.get()
    if finding.state == "closed":
        raise NotDone([closed_reason()])
    if (finding.asked_of_id, finding.asked_by_id, finding.question) == (of_id, actor.user_id, words):
        return False
    still.update(
        asked_of_id=of_id,
        asked_by_id=actor.user_id,
        asked_at=clock.now(),
        question=words,
        answered_at=None,
        answer="",
    )
    _note(actor, finding, "asked", "ask_about_finding", about_id=of_id, text=words)
    return True


@transaction.atomic
def answer_question(*, actor: Actor, finding: RuleFinding, answer: str) -> bool:
    """Answer what one was asked; whether that is news. Raises ``NotDone`` where somebody else was asked, or nobody."""
    words = _words(answer)
    if not words:
        raise NotDone([no_words("The answer")])
    asked = RuleFinding.objects.filter(pk=finding.pk, asked_of_id=actor.user_id)
    done = asked.filter(answered_at=None).update(answered_at=clock.now(), answer=words)
    finding.refresh_from_db()
    if done:
        _note(actor, finding, "answered", "answer_finding", text=words)
        return True
    if finding.asked_of_id != actor.user_id or finding.answer != words:
        raise NotDone([not_asked()])
    return False


def _words(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST_WORDS]


def _note(
    actor: Actor,
    finding: RuleFinding,
    kind: str,
    action: str,
    *,
    about_id: int | None = None,
    text: str = "",
) -> None:
    FindingEvent.objects.create(
        finding=finding, kind=kind, at=clock.now(), by_id=actor.user_id, about_id=about_id, text=text
    )
    log_change(
        actor=actor,
        action=action,
        student_id=finding.student_id,
        subject=finding,
        reason=text if kind == "dismissed" else "",
        detail={"rule": finding.rule_code, **({"user": about_id} if about_id else {})},
    )
