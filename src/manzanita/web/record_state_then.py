"""What the state held at the end of another day, in words: each line with what put it there, what was on its way, and
why more cannot be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from manzanita.domain import records
from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner
from manzanita.exchange.models import StateRecord, SubmissionLine
from manzanita.exchange.state_as_of import HeldThen
from manzanita.ui.formats import us_date, us_time
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.state_lines import summary
from manzanita.web.student_file import StateShown, StudentFile

OTHERS: Mapping[str, str] = {
    "extract": "the state's extract, read then",
    "reply": "an answer of the state",
    "person": "a person's word",
}
TODAY_TOO, OTHER_TODAY, GONE_TODAY = "the same", "other values", "no longer held"


@dataclass(frozen=True, slots=True)
class PutThere:
    """Since when the state held a line, and what put it there; ``url`` leads to the send, empty where there is none or
    another's."""

    what: str
    since: str
    by: str
    url: str


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One line of what the state held. ``now`` says what became of it until today."""

    put: PutThere
    says: str
    now: str

    @property
    def is_same_now(self) -> bool:
        return self.now == TODAY_TOO


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """One line that had left and had no answer yet."""

    what: str
    by: str
    url: str
    since: str
    answer: str


def put_there(file: StudentFile, record: StateRecord | None) -> PutThere | None:
    """What put a record there that the state held; ``None`` where it held none."""
    if file.state_then is None or record is None:
        return None
    found = (one for one in file.state_then.then.held if one.record.record_key == record.record_key)
    return next((_put(file, one) for one in found), None)


def held_parts(file: StudentFile) -> dict[str, Any]:
    """What the view says of the state on its day; nothing of a file of today."""
    shown = file.state_then
    if shown is None:
        return {}
    return {
        "state_on": us_date(shown.on),
        "state_held": [part for part in _parts(file, shown) if part[1]],
        "state_on_their_way": [_on_its_way(file, line) for line in shown.then.on_their_way],
        "state_unknown": _unknown(shown),
        "state_owner": str(Owner.COORDINATOR),
    }


def _parts(file: StudentFile, shown: StateShown) -> Iterator[tuple[str, Sequence[HeldRow]]]:
    """The newest line of each record, all services of the newest day; then the earlier ones, newest days first."""
    now = {one.record_key: one for one in shown.now}
    held = sorted(shown.then.held, key=lambda one: (one.record.key_on, one.record.record_key), reverse=True)
    newest = {one.record.record: one.record.key_on for one in reversed(held)}
    on = us_date(shown.on)
    for title, is_newest in (
        (f"What the state held on {on}", True),
        (f"Earlier lines it held on {on}", False),
    ):
        yield (
            title,
            [
                HeldRow(_put(file, one), summary(one.record.record, one.record.values), _now(one, now))
                for one in held
                if (newest[one.record.record] == one.record.key_on) == is_newest
            ],
        )


def _now(one: HeldThen, now: Mapping[str, StateRecord]) -> str:
    held = now.get(one.record.record_key)
    if held is None:
        return GONE_TODAY
    return TODAY_TOO if held.values == one.record.values else OTHER_TODAY


def _put(file: StudentFile, one: HeldThen) -> PutThere:
    what, since = f"{one.record.record} of {us_date(one.record.key_on)}", _moment(one.since)
    if one.line is None:
        return PutThere(what, since, OTHERS[one.record.learned_from], "")
    return PutThere(what, since, *_send(file, one.line))


def _send(file: StudentFile, line: SubmissionLine) -> tuple[str, str]:
    """The send of a line in words, and its address where the actor may open it."""
    submission, actor = line.submission, file.actor
    to = ", to the sandbox" if submission.destination == "sandbox" else ""
    words = f"line {line.position} of the send of {_moment(submission.sent_at or submission.created_at)}{to}"
    is_own = actor.may(Capability.SEND_TO_STATE) and submission.lea_code == actor.agency_code
    return words, (url_or_none("submission", submission.public_id) or "") if is_own else ""


def _on_its_way(file: StudentFile, line: SubmissionLine) -> OnItsWay:
    key_on = us_date(records.key_on(line.record, line.values))
    answer = f"{line.outcome} {_moment(line.answered_at)}" if line.answered_at else "not answered yet"
    words, url = _send(file, line)
    sent = line.submission.sent_at or line.submission.created_at
    return OnItsWay(f"{line.kind} {line.record} of {key_on}", words, url, _moment(sent), answer)


def _unknown(shown: StateShown) -> str:
    """Why nobody knows what else the state held; empty where that is known."""
    if shown.then.is_complete:
        return ""
    on, first = us_date(shown.on), shown.then.read_first
    if first is None:
        why = "no extract of the state has been read here for this LEA"
    else:
        why = f"the first extract of the state was read here for this LEA on {_moment(first)}"
    beside = "else " if shown.then.held else ""
    return (
        f"What {beside}the state held on {on} is not known, and not guessed: {why}. The certification reports of "
        "that period, which the LEA has from CALPADS, say what it held."
    )


def _moment(at: datetime) -> str:
    return f"{us_date(at)} {us_time(at)}"
