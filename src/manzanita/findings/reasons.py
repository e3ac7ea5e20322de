"""Why a finding is not dismissed, given or asked about: each reason with whose job it is and the way out."""

from __future__ import annotations

from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.findings.models import RuleFinding


class NotDone(RefusedForReasons):
    """Nothing was changed; ``reasons`` says why."""


def owner_of_finding(finding: RuleFinding) -> Owner:
    return next((one for one in Owner if one.value == finding.owner), Owner.COORDINATOR)


def why_not_dismiss(finding: RuleFinding) -> Reason | None:
    """Why nobody can dismiss this finding as it stands, or ``None``."""
    if finding.state == "closed":
        return closed_reason()
    if finding.severity == "fatal":
        return Reason(
            "fatal-is-mended",
            "A fatal finding cannot be dismissed: the state refuses the record, or its certification, while the value "
            "stands.",
            owner_of_finding(finding),
            "Mend the value; the finding then closes by itself.",
        )
    if finding.severity == "not_evaluated":
        return Reason(
            "undecided-is-completed",
            "Nothing is wrong that could be dismissed: the rule could not decide, as a value is missing.",
            owner_of_finding(finding),
            "Enter the value that the finding names; the rule then speaks.",
        )
    if finding.severity != "warning":
        return Reason(
            "remark-needs-nothing",
            "A remark asks for nothing, so it is not dismissed. Only warnings are.",
            Owner.COORDINATOR,
            "Leave it as it is.",
        )
    return None


def closed_reason() -> Reason:
    return Reason(
        "finding-closed",
        "The finding is closed: the rule does not say this any longer.",
        Owner.COORDINATOR,
        "There is nothing left to do here.",
    )


def already_dismissed(by: str, finding: RuleFinding) -> Reason:
    return Reason(
        "dismissed-before",
        f"{by} has dismissed it already: {finding.dismissed_reason}",
        Owner.COORDINATOR,
        "Their reason stands; yours was not kept.",
    )


def changed_meanwhile() -> Reason:
    return Reason(
        "values-changed",
        "The values have changed since you opened this page, so your reason may not be about them.",
        Owner.COORDINATOR,
        "Read the finding as it is now, and decide again.",
    )


def no_words(what: str) -> Reason:
    return Reason(
        "no-words", f"{what} is empty.", Owner.YOU, "Write a sentence that a colleague understands."
    )


def nobody_chosen() -> Reason:
    return Reason(
        "nobody-chosen",
        "Nobody, or somebody who cannot see this student, was chosen.",
        Owner.YOU,
        "Choose a person from the list.",
    )


def not_asked() -> Reason:
    return Reason(
        "not-asked",
        "Only the person who was asked can answer, and only while the question stands.",
        Owner.COORDINATOR,
        "Tell whoever asked, or the coordinator, what you know.",
    )
