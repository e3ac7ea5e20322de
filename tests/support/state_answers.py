"""What the state answered, written by hand."""

from __future__ import annotations

from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import StateFinding, Submission
from tests.support.exchange import archive, review_rows
from tests.support.world import NOON, World

UNKNOWN_AGENCY = {
    "code": "SERV0447",
    "field": "25.05",
    "text": "The agency is not in the list of the department.",
}


def rejected(world: World) -> StateFinding:
    """Alder's review is sent, and its service by an unknown agency comes back."""
    archive(world.students["alder"], review_rows("alder", **{"25.12": "400", "25.05": "9970099"}))
    submission = prepare_submission(actor=world.coordinator_actor, form="api", destination="sandbox")
    posted = [Answer(position, is_posted=True) for position in (1, 2, 3)]
    store_answers(
        submission=submission, answers=[*posted, Answer(4, is_posted=False, errors=[UNKNOWN_AGENCY])]
    )
    Submission.objects.filter(pk=submission.pk).update(state="done", answered_at=NOON)
    return StateFinding.objects.get()
