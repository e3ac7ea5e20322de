"""What is to be changed in one field of many students, written down to be looked at before anything is done."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason, reason_document
from manzanita.domain.pasting import MOST_LINES, Pasted, PastedLine
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.procedures.batch_field_shape import plain
from manzanita.procedures.batch_fields import BatchField, fields_for
from manzanita.procedures.next_year_window import EARLY, closed_until
from manzanita.students.by_name import by_name
from manzanita.students.models import BatchEdit, BatchLine
from manzanita.students.pasted import Meant, in_order, not_here, problem_document, students_meant
from manzanita.students.scope import current_for, visible_to

MOST_AT_ONCE = MOST_LINES


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be changed: ``value`` for everybody whose line brings none of its own. ``None``: nobody has
    chosen one; empty: what there is shall be taken away. ``is_early``: next year's data is entered before its window
    opens, for the reason that is given."""

    field_key: str
    value: str | None = None
    reason: str = ""
    title: str = ""
    is_early: bool = False


def draft_of_lines(actor: Actor, asked: Asked, pasted: Pasted) -> BatchEdit:
    """A draft of pasted lines. Every line is in it: as a student's, or among the problems. Raises ``NotPossible``."""
    if pasted.problem:
        raise NotPossible([Reason("unreadable", pasted.problem, Owner.YOU, "Look at what you pasted.")])
    one = _field(actor, asked)
    if any(line.value is None and not line.problem for line in pasted.lines):
        _want_value(one, asked, pasted.ignored)
    meant = students_meant(actor, pasted.lines)
    texts = {_text_of(line, asked) for line in pasted.lines}
    return _draft(actor, asked, one, meant, one.read(actor, texts))


def ids_of(actor: Actor, public_ids: Sequence[str]) -> list[int]:
    """Of students who were ticked on a page, the keys of those within reach."""
    known = [one for one in public_ids[: MOST_AT_ONCE + 1] if _is_uuid(one)]
    return list(current_for(actor).filter(public_id__in=known).order_by().values_list("pk", flat=True))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def draft_of_students(actor: Actor, asked: Asked, student_ids: Sequence[int]) -> BatchEdit:
    """A draft of students who were found; whoever of them does not attend here today stands among the problems. Raises
    ``NotPossible``."""
    one = _field(actor, asked)
    if len(student_ids) > MOST_AT_ONCE:
        raise NotPossible(
            [
                Reason(
                    "too-many",
                    f"{len(student_ids):,} students are meant, and more than {MOST_AT_ONCE:,} are not changed at once.",
                    Owner.YOU,
                    "Choose a shorter list.",
                )
            ]
        )
    _want_value(one, asked)
    ids = in_order(actor, student_ids)
    meant = [Meant(PastedLine(number, ""), pk) for number, pk in enumerate(ids, 1)]
    others = by_name(visible_to(actor).filter(pk__in=sorted({*student_ids} - {*ids})))
    meant += [
        not_here(PastedLine(number, f"{one.last_name}, {one.first_name}"))
        for number, one in enumerate(others, len(ids) + 1)
    ]
    return _draft(actor, asked, one, meant, one.read(actor, {asked.value or ""}))


def _text_of(line: PastedLine, asked: Asked) -> str:
    return line.value if line.value is not None else asked.value or ""


def _want_value(one: BatchField, asked: Asked, ignored: Sequence[str] = ()) -> None:
    """Lines without a value need one that somebody has chosen: nothing is taken away by leaving a list as it was. A
    column that was not read is named, for it was probably meant. Raises ``NotPossible``."""
    if asked.value is not None:
        return
    columns = ", ".join(f"“{head[:40]}”" for head in ignored[:8])
    several = len(ignored) > 1
    not_read = (
        f" The column{'s' if several else ''} {columns} {'are' if several else 'is'} not read."
        if ignored
        else ""
    )
    head = f"call the column with each student’s value “{one.heads[0]}”"
    choose = "Choose a value for everybody, or " if one.choices else ""
    raise NotPossible(
        [
            Reason(
                "no-value-told",
                f"{one.label}: no value is chosen, and what you pasted has none.{not_read}"
                if one.choices
                else f"{one.label}: what you pasted has none.{not_read}",
                Owner.YOU,
                f"{choose}{head if choose else head[0].upper() + head[1:]}.",
            )
        ]
    )


def _field(actor: Actor, asked: Asked) -> BatchField:
    found = next((one for one in fields_for(actor) if one.key == asked.field_key), None)
    reasons = []
    if found is None:
        reasons.append(
            Reason(
                "no-such-field",
                "This is no field that you may change of many students at once.",
                Owner.COORDINATOR,
                "Choose one of the list, or ask the SEDS coordinator.",
            )
        )
    if not asked.reason.strip():
        reasons.append(
            Reason(
                "no-reason",
                "Why the students are changed: not said.",
                Owner.YOU,
                "One line is enough, such as “feeder schools for 2027-28”.",
            )
        )
    if found is not None and found.is_next_year and not asked.is_early:
        reasons += closed_until(actor)
    if reasons or found is None:
        raise NotPossible(reasons)
    return found


@transaction.atomic
def _draft(
    actor: Actor,
    asked: Asked,
    one: BatchField,
    meant: Sequence[Meant],
    read: Mapping[str, tuple[str, str]],
) -> BatchEdit:
    told: dict[int, tuple[PastedLine, str, str]] = {}
    problems = []
    for each in meant:
        if each.student_id is None:
            problems.append(problem_document(each))
            continue
        told[each.student_id] = (each.line, *read[_text_of(each.line, asked)])
    ids = list(told)
    now = _in_chunks(one.now, ids)
    _same_already(one, told, now, asked)
    stopped = _own_values(one, told)
    wanted = {
        pk: value
        for pk, (_, value, why) in told.items()
        if not why and pk not in stopped and value != now.get(pk, "")
    }
    against = stopped | (one.against(actor, wanted) if wanted else {})
    doubts = one.doubts(actor, wanted) if wanted else {}
    batch = BatchEdit.objects.create(
        agency_code=actor.agency_code,
        field_key=one.key,
        title=f"{asked.title or one.label}{EARLY if asked.is_early and closed_until(actor) else ''}"[:200],
        reason=asked.reason.strip()[:200],
        made_on=clock.today(),
        made_at=clock.now(),
        by_id=actor.user_id,
        grant_id=actor.grant_id,
        problems=problems,
    )
    BatchLine.objects.bulk_create(
        [_line(one, batch, pk, told[pk], now.get(pk, ""), against.get(pk), doubts.get(pk)) for pk in ids],
        batch_size=1000,
    )
    return batch


def _same_already(
    one: BatchField, told: dict[int, tuple[PastedLine, str, str]], now: Mapping[int, str], asked: Asked
) -> None:
    """A cell in the words of what the student has is no value to be given: an export that comes back says it of
    everybody, also where nobody could give it anew."""
    unread = [pk for pk, (_, _, why) in told.items() if why]
    words = one.words({now.get(pk, "") for pk in unread})
    for pk in unread:
        line, value = told[pk][0], now.get(pk, "")
        if plain(_text_of(line, asked)) == plain(words.get(value, "")):
            told[pk] = (line, value, "")


def _own_values(one: BatchField, told: dict[int, tuple[PastedLine, str, str]]) -> dict[int, Reason]:
    """Put each student's own value in the place of the one that means it; of whom there is none, why."""
    if one.each is None:
        return {}
    values, stopped = one.each({pk: value for pk, (_, value, why) in told.items() if not why})
    for pk, value in values.items():
        told[pk] = (told[pk][0], value, "")
    for pk in stopped:
        told[pk] = (told[pk][0], "", "")
    return stopped


def _in_chunks(now: Any, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(ids), 1000):
        found |= now(ids[start : start + 1000])
    return found


def _line(
    one: BatchField,
    batch: BatchEdit,
    student_id: int,
    told: tuple[PastedLine, str, str],
    old: str,
    against: Reason | None,
    doubt: Reason | None,
) -> BatchLine:
    line, value, why = told
    made = BatchLine(batch=batch, student_id=student_id, position=line.number, old=old, new=value)
    if why:
        made.state = "refused"
        made.reason = reason_document(
            Reason("no-value", why, Owner.YOU, "Correct the cell, and paste it again.", source=one.rule)
        )
    elif against is not None:
        made.state, made.reason = "refused", reason_document(against)
    elif value == old:
        made.state = "same"
    elif doubt is not None:
        made.reason = reason_document(doubt)
    return made
