"""Why a submission does not move, in words: what the state did, and what happens next without anybody's help."""

from __future__ import annotations

from datetime import datetime

from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.gateway import GatewayUnavailable, Trouble
from manzanita.exchange.models import Submission
from manzanita.ui.formats import us_date, us_time

BY_ITSELF = "Nothing to do: it goes on by itself."

_TROUBLES = {
    Trouble.UNREACHABLE: "The state cannot be reached: it takes no connection.",
    Trouble.SILENT: "The state did not answer in time.",
    Trouble.FAILED: "The state answered that it failed.",
    Trouble.BROKEN: "The state's answer broke off, or was no answer to what was asked.",
}


def moment(at: datetime) -> str:
    """6:00 am on 11/24/2026."""
    return f"{us_time(at)} on {us_date(at)}"


def trouble_reason(error: GatewayUnavailable) -> Reason:
    if error.trouble is Trouble.CLOSED:
        until = f" until {moment(error.opens_at)}" if error.opens_at else ""
        return Reason(error.trouble, f"The state is closed{until}.", Owner.STATE, BY_ITSELF)
    if error.trouble is Trouble.SIGN_IN:
        return Reason(
            error.trouble,
            "The state did not accept our sign-in.",
            Owner.COORDINATOR,
            "Have the client id and the client secret of this installation checked; then it goes on by itself.",
        )
    return Reason(error.trouble, _TROUBLES[error.trouble], Owner.STATE, BY_ITSELF)


def doubt_reason(looks_again_at: datetime) -> Reason:
    return Reason(
        "in-doubt",
        "The last try to hand over broke off, and the state does not show the file. It may still come to light: "
        f"we look again at {moment(looks_again_at)}, and send again only if the state has nothing of it then.",
        Owner.STATE,
        BY_ITSELF,
    )


def working_reason() -> Reason:
    return Reason(
        "state-working",
        "The state has the file, and has not answered every line yet.",
        Owner.STATE,
        BY_ITSELF,
    )


def forgotten_reason() -> Reason:
    return Reason(
        "state-forgot",
        "The state took the file and does not know it any more. We look for it by its name, and send again only "
        "the lines that the state does not hold.",
        Owner.STATE,
        BY_ITSELF,
    )


def question_refused_reason(code: str) -> Reason:
    return Reason(
        "state-refused-question",
        f"The state did not take our question whether it has the file; its word for it is {code}.",
        Owner.COORDINATOR,
        "Ask the state's service desk about this word. Nothing is sent again before the state has answered.",
    )


def without_answer_reason() -> Reason:
    return Reason(
        "state-without-answer",
        "The state says that it is done with the file, but has given no answer to some of its lines.",
        Owner.STATE,
        "It is asked again by itself; where that does not end, ask the state's service desk about this file name.",
    )


def turn_reason(earlier: Submission, *, has_stopped: bool) -> Reason:
    """It goes after ``earlier``, and what that waits for."""
    text = f"It goes after the file of {moment(earlier.created_at)}, so that the state gets changes in their order."
    values = {"submission": str(earlier.public_id)}
    if has_stopped:
        return Reason(
            "its-turn",
            f"{text} The work on that one has stopped.",
            Owner.COORDINATOR,
            "Open that file and press Go on.",
            values=values,
        )
    text = " ".join([text, *(str(reason["text"]) for reason in earlier.waits)])
    if any(reason["owner"] != Owner.STATE for reason in earlier.waits):
        way_out = "Open that file: it says what is to be done."
        return Reason("its-turn", text, Owner.COORDINATOR, way_out, values=values)
    return Reason("its-turn", text, Owner.STATE, BY_ITSELF, values=values)
