"""Why a file does not leave, or does not move: every reason of the code stands on the page of the file, with its
owner and what happens next. ``tests/browser/test_waits.py`` walks each of them from its cause to its end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from manzanita.domain.findings import Reason, reason_document
from manzanita.exchange import jobs, waiting
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.canceling import canceled_reason, taken_back_reason
from manzanita.exchange.gateway import GatewayUnavailable, Trouble
from manzanita.exchange.gateway.guard import Line, refusals
from manzanita.exchange.models import Submission
from tests.support.exchange import archive, review_rows
from tests.support.pages import text_of
from tests.support.reasons import NAMED_ELSEWHERE, not_written_out, reasons_of_files

SOON = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 6:00 am in California
BY_ITSELF = "Nothing to do: it goes on by itself."

# Each reason by which a whole file waits: how it comes about, what the page says, whose job it is, what is next.
WAITS = {
    "state-closed": (
        lambda: waiting.trouble_reason(GatewayUnavailable("closed", Trouble.CLOSED, opens_at=SOON)),
        "The state is closed until 6:00 am on 11/24/2026.",
        "State",
        BY_ITSELF,
    ),
    "state-unreachable": (
        lambda: waiting.trouble_reason(GatewayUnavailable("refused", Trouble.UNREACHABLE)),
        "The state cannot be reached: it takes no connection.",
        "State",
        BY_ITSELF,
    ),
    "state-silent": (
        lambda: waiting.trouble_reason(GatewayUnavailable("timeout", Trouble.SILENT)),
        "The state did not answer in time.",
        "State",
        BY_ITSELF,
    ),
    "state-failed": (
        lambda: waiting.trouble_reason(GatewayUnavailable("500", Trouble.FAILED)),
        "The state answered that it failed.",
        "State",
        BY_ITSELF,
    ),
    "state-broken": (
        lambda: waiting.trouble_reason(GatewayUnavailable("cut", Trouble.BROKEN)),
        "broke off, or was no answer to what was asked.",
        "State",
        BY_ITSELF,
    ),
    "state-sign-in": (
        lambda: waiting.trouble_reason(GatewayUnavailable("401", Trouble.SIGN_IN)),
        "The state did not accept our sign-in.",
        "SEDS coordinator",
        "Have the client id and the client secret of this installation checked",
    ),
    "in-doubt": (
        lambda: waiting.doubt_reason(SOON),
        "we look again at 6:00 am on 11/24/2026, and send again only if the state has nothing of it then.",
        "State",
        BY_ITSELF,
    ),
    "state-working": (
        waiting.working_reason,
        "The state has the file, and has not answered every line yet.",
        "State",
        BY_ITSELF,
    ),
    "state-forgot": (
        waiting.forgotten_reason,
        "send again only the lines that the state does not hold.",
        "State",
        BY_ITSELF,
    ),
    "state-refused-question": (
        lambda: waiting.question_refused_reason("SBX-WHAT"),
        "its word for it is SBX-WHAT.",
        "SEDS coordinator",
        "service desk about this word.",
    ),
    "state-without-answer": (
        waiting.without_answer_reason,
        "has given no answer to some of its lines.",
        "State",
        "It is asked again by itself;",
    ),
    "its-turn": (
        lambda: waiting.turn_reason(Submission(created_at=SOON), has_stopped=True),
        "It goes after the file of 6:00 am on 11/24/2026",
        "SEDS coordinator",
        "Open that file and press Go on.",
    ),
}
# Each reason by which a whole file does not leave.
REFUSALS = {
    "grant-ended": (
        jobs._grant_ended,
        "the grant of the person who started it ended before it began.",
        "SEDS coordinator",
        "Send again under a grant that is in force.",
    ),
    "refused-whole": (
        lambda: jobs._refused_whole("SBX-FULL"),
        "its word for it is SBX-FULL. No line was applied.",
        "SEDS coordinator",
        "mend what the word names, then send again.",
    ),
    "canceled": (
        lambda: canceled_reason("Juniper Mockup"),
        "Canceled by Juniper Mockup before it reached the state.",
        "SEDS coordinator",
        "Its lines stand in the plan again",
    ),
    "taken-back": (
        lambda: taken_back_reason("Juniper Mockup"),
        "Taken back by Juniper Mockup: these lines were not uploaded.",
        "SEDS coordinator",
        "The lines stand in the plan again.",
    ),
    "other-book": (
        lambda: _refusal("other-book", destination="sandbox", peer="state"),
        "This installation keeps the book of the state (CALPADS)",
        "SEDS coordinator",
        "an installation of its own speaks to the practice state (sandbox).",
    ),
    "not-confirmed-state-api": (
        lambda: _refusal("not-confirmed-state-api", form="api"),
        "API contract is not public",
        "SEDS coordinator",
        "Use the files for hand upload",
    ),
    "not-confirmed-positions": (
        lambda: _refusal("not-confirmed-positions-MEET"),
        "MEET: 18 positions are not confirmed",
        "SEDS coordinator",
        "Load the state",
    ),
    "not-confirmed-codes": (
        lambda: _refusal("not-confirmed-codes-MeetingDelay"),
        "Code set MeetingDelay: not confirmed: 30 (seen_vendor).",
        "SEDS coordinator",
        "Load the state",
    ),
}


def _refusal(code: str, *, form: str = "files", destination: str = "state", peer: str = "state") -> Reason:
    lines = [Line("MEET", {"24.18": "30"})]
    found = refusals(lines, form=form, destination=destination, peer=peer)
    return next(reason for reason in found if reason.code == code)


def test_every_reason_of_the_code_is_told():
    assert {*WAITS, *REFUSALS} == reasons_of_files()


def test_no_reason_of_the_code_escapes_the_count():
    assert not_written_out() == NAMED_ELSEWHERE


@pytest.fixture
def submission(small_world) -> Submission:
    archive(small_world.students["alder"], review_rows())
    return prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")


@pytest.mark.parametrize(("make", "text", "owner", "next_step"), WAITS.values(), ids=WAITS)
def test_a_file_that_waits_says_why_whose_job_it_is_and_what_is_next(
    small_world, sign_in, submission, make, text, owner, next_step
):
    Submission.objects.filter(pk=submission.pk).update(state="sending", waits=[reason_document(make())])
    page = text_of(sign_in(small_world.coordinator).get(f"/state/submissions/{submission.public_id}"))

    assert text in page.replace("&#39;", "'")
    assert next_step in page
    assert f"Owner: {owner}" in page


@pytest.mark.parametrize(("make", "text", "owner", "next_step"), REFUSALS.values(), ids=REFUSALS)
def test_a_file_that_does_not_leave_says_why_whose_job_it_is_and_what_is_next(
    small_world, sign_in, submission, make, text, owner, next_step
):
    submission.lines.all().delete()
    Submission.objects.filter(pk=submission.pk).update(state="refused", refusals=[reason_document(make())])
    page = text_of(sign_in(small_world.coordinator).get(f"/state/submissions/{submission.public_id}"))

    assert text in page.replace("&#39;", "'")
    assert next_step in page
    assert f"Owner: {owner}" in page
