"""A list of students as a file: what it is, what it weighs, and making it. Lists, order and columns are the pages'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from manzanita.accounts.queries import actor_of_grant_id, user_names
from manzanita.auditing import exports
from manzanita.auditing.models import ExportState, ListExport
from manzanita.auditing.viewing_blocks import open_block
from manzanita.deadlines.lists import Wanted, wanted_rows
from manzanita.domain.access import CAPABILITY_WORDS, Actor, Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.compliance import GROUP_LABELS, explain
from manzanita.domain.export_limits import (
    FILE_LASTS,
    SHARE_DAYS,
    SHARE_FROM,
    DistrictShare,
    Verdict,
    Weight,
    judge,
)
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.compliance import judged_of
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.platform.files import store_file
from manzanita.platform.jobs import JobRun
from manzanita.platform.tables import Cell, Table, as_csv, as_xlsx
from manzanita.students.listing import all_in_order, list_rows
from manzanita.students.models import ScopedQuerySet
from manzanita.students.queries import attending_by_lea
from manzanita.students.scope import visible_to
from manzanita.ui.context import scope_line
from manzanita.ui.formats import long_date, number, us_date, us_time
from manzanita.web.due_wanted import filters_of
from manzanita.web.found import Found, found_of_key
from manzanita.web.student_lists import StudentList
from manzanita.web.student_rows import COLUMNS, rows_of

CONFIDENTIAL = "Contains confidential student data"
CHUNK = 500
LONGEST_TITLE = ListExport._meta.get_field("title").max_length


@dataclass(frozen=True, slots=True)
class Choice:
    """The found set somebody wants as a file, with its students in no order. ``title`` names it without the words of a
    search."""

    found: Found
    students: ScopedQuerySet

    @property
    def title(self) -> str:
        return self.found.title

    def ids(self) -> list[int]:
        return list(self.students.order_by().values_list("pk", flat=True))


def weigh(actor: Actor, ids: Sequence[int]) -> Verdict:
    """What an export of these students needs, on top of what the person has taken alone before."""
    today, asked = clock.today(), set(ids)
    taken_today = exports.taken_alone(actor.user_id, asked_on=today) | asked
    first = today - timedelta(days=SHARE_DAYS - 1)
    taken = exports.taken_alone(actor.user_id, asked_on__gte=first) | asked
    shares = _shares(actor, taken) if len(taken) >= SHARE_FROM else []
    return judge(actor.perspective_key, Weight(len(asked), len(taken_today), shares))


def _shares(actor: Actor, taken: set[int]) -> list[DistrictShare]:
    attending = attending_by_lea(actor.agency_codes)
    names = agency_names(attending)
    return [
        DistrictShare(names.get(code, code), len(students & taken), len(students))
        for code, students in sorted(attending.items())
    ]


def ask(
    actor: Actor, choice: Choice, *, form: str, ask_key: str, why: str, is_fresh: bool
) -> ListExport | Reason:
    """Ask for the file, or say why there is none to ask for. Raises ``auditing.exports.MoreNeeded``."""
    if choice.found.refusals:
        return choice.found.refusals[0]
    ids = choice.ids()
    if not ids:
        return Reason(
            "export-nobody",
            f"Nobody is in the list “{choice.title}”, so there is no file to make.",
            Owner.COORDINATOR,
            "Choose another list, or another view at the top.",
        )
    asked = exports.Asked(
        choice.found.key, choice.title[:LONGEST_TITLE], scope_line(actor), form, ask_key, why
    )
    return exports.ask_export(
        actor=actor, asked=asked, student_ids=ids, weigh=lambda: weigh(actor, ids), is_fresh=is_fresh
    )


def make_export(run: JobRun) -> dict[str, int]:
    """Make the file of an export that was asked for, with what its maker may see *now*; safe to do again."""
    export = ListExport.objects.get(pk=run.args["export"])
    if export.state != ExportState.MAKING:
        return {}
    actor = actor_of_grant_id(
        export.grant_id, clock.today(), view=export.view, at_place=(export.school_code, export.school_name)
    )
    found = found_of_key(actor, export.list_key) if actor is not None else None
    reason = _why_not_made(actor, found)
    if actor is None or found is None or reason is not None:
        exports.withdraw_export(export=export, reason=reason or _LIST_GONE)
        return {}
    wanted = found.wanted
    students = found.students.filter(pk__in=exports.asked_students(export))
    ids = _in_order(found, students)
    if not ids:
        exports.withdraw_export(export=export, reason=_NOBODY_LEFT)
        return {}
    expires_at = clock.now() + FILE_LASTS
    table = Table(
        title=export.title,
        about=_about(export, found, len(ids), long_date(expires_at)),
        mark=f"{CONFIDENTIAL}. Made for {actor.person_name} on {long_date(clock.today())}. Do not pass it on.",
        columns=[*COLUMNS, *_more_columns(wanted)],
        rows=_cells(run, actor, wanted, students, ids, written := []),
    )
    sizes: list[int] = []
    content = as_xlsx(table) if export.form == "xlsx" else as_csv(table)
    file = store_file(_measured(content, sizes), name=export.stored_name)
    with run.step():
        exports.finish_export(
            export=export,
            actor=actor,
            student_ids=written,
            file=file,
            size_bytes=sum(sizes),
            expires_at=expires_at,
        )
    return {"students": len(written), "bytes": sum(sizes)}


def tidy_export(run: JobRun) -> float | None:
    """Let an export lapse or its file go where that is due; else how many seconds to wait for it."""
    due = exports.tidy_export(ListExport.objects.get(pk=run.args["export"]))
    return None if due is None else due.total_seconds()


def file_name(export: ListExport) -> str:
    """Says which list of which day, never which student."""
    day = timezone.localtime(export.asked_at).strftime("%Y%m%d")
    key, _, narrowed = export.list_key.partition("?")
    return f"manzanita-{key}{'-narrowed' if narrowed else ''}-{day}-{export.public_id.hex[-6:]}.{export.form}"


_LIST_GONE = Reason(
    "export-list-gone",
    "This version no longer has the list that was asked for.",
    Owner.COORDINATOR,
    "Choose one of today's lists and export that.",
)
_NOBODY_LEFT = Reason(
    "export-nobody-left",
    "None of the students who were on the list is on it, and within your reach, any more.",
    Owner.COORDINATOR,
    "Open the list again: it shows who is on it now.",
)


def _why_not_made(actor: Actor | None, found: Found | None) -> Reason | None:
    if actor is None:
        return Reason(
            "export-no-grant",
            "The perspective in which it was asked for is no longer yours.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator for it, then export the list again.",
        )
    if not actor.may(Capability.EXPORT_LIST):
        return Reason(
            "perspective-may-not",
            f"As {actor.perspective.label} at {actor.agency_name} you can no longer "
            f"{CAPABILITY_WORDS[Capability.EXPORT_LIST]}.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator for a perspective that can.",
        )
    if open_block(actor.user_id) is not None:
        return Reason(
            "viewing-blocked",
            "Your student pages were stopped before the file was made.",
            Owner.COORDINATOR,
            "When they are open again, export the list again.",
        )
    if found is None:
        return _LIST_GONE
    return found.refusals[0] if found.refusals else None


def _about(export: ListExport, found: Found, count: int, expires: str) -> list[tuple[str, str]]:
    students = number(count)
    if count < export.asked_count:
        left = export.asked_count - count
        students += (
            f" of the {number(export.asked_count)} asked for: {number(left)} "
            f"{'is' if left == 1 else 'are'} no longer on the list, or no longer within reach"
        )
    now, actor = clock.now(), found.actor
    lines = [
        ("List", found.wanted.title if found.narrowing else export.title),
        *_filters(found),
        ("Students", students),
        ("Scope", f"{actor.perspective.label} · {scope_line(actor)}"),
        ("Made for", actor.person_name),
        ("Made on", f"{long_date(now)}, {us_time(now)}, California time"),
    ]
    if export.decided_by_id:
        approver = user_names({export.decided_by_id}).get(export.decided_by_id, "")
        lines.append(("Approved by", approver))
    return [
        *lines,
        ("Expires", f"{expires}: delete it by then. In Manzanita the file is removed on that day."),
        ("Export number", str(export.public_id)),
    ]


def _filters(found: Found) -> list[tuple[str, str]]:
    """By what the list was cut, and its order: on the page the choices stand above it, a file has to say it."""
    said = filters_of(found.wanted.due) if found.wanted.due is not None else found.narrowed_words
    lines = [("Only", said), ("Order", found.order_words)]
    return [(label, words) for label, words in lines if words]


def _cells(
    run: JobRun,
    actor: Actor,
    wanted: StudentList,
    students: ScopedQuerySet,
    ids: Sequence[int],
    written: list[int],
) -> Iterator[list[Cell]]:
    """The lines of the file; ``written`` takes the students who are in it."""
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        by_id = {one.pk: one for one in students.filter(pk__in=chunk)}
        # Whoever leaves the list while the file is written is in neither the file nor the log.
        found = list_rows([by_id[pk] for pk in chunk if pk in by_id], actor)
        written += [row.student.pk for row in found]
        more = _more_cells(actor, wanted, [row.student.pk for row in found])
        for line, row in zip(found, rows_of(actor, found), strict=True):
            yield [*row.cells(), *more.get(line.student.pk, ())]
        run.progress(start + len(chunk), len(ids), "Writing students")


def _in_order(found: Found, students: ScopedQuerySet) -> list[int]:
    """Keys in the order of the list on its page; of due dates the earliest first."""
    if found.wanted.due is None:
        return all_in_order(students, found.actor, found.order)
    rows = wanted_rows(found.actor, found.wanted.due).filter(student__in=students.order_by().values("pk"))
    return list(dict.fromkeys(rows.order_by("due_on", "pk").values_list("student_id", flat=True)))


def _more_columns(wanted: StudentList) -> Sequence[str]:
    if wanted.due is not None:
        return ("What is due", "Due", "By law", "By the state", "Also on this list")
    return ("Group", "Why") if wanted.compliance else ()


def _more_cells(actor: Actor, wanted: StudentList, ids: Sequence[int]) -> dict[int, list[Cell]]:
    """What the list itself says of each student, beside the columns of every list of students."""
    if wanted.due is not None:
        return _due_cells(actor, wanted.due, ids)
    listed = wanted.compliance
    if listed is None:
        return {}
    students = visible_to(actor).filter(pk__in=ids)
    judged = judged_of(actor, listed.asked, listed.wanted.measure, students)
    return {
        pk: [GROUP_LABELS[one.group], " ".join(explain(one, facts, listed.asked.day))]
        for pk, (one, facts) in judged.items()
    }


def _due_cells(actor: Actor, wanted: Wanted, ids: Sequence[int]) -> dict[int, list[Cell]]:
    """The earliest due date of each student that is on the list, and the others in words."""
    rows = wanted_rows(actor, wanted).filter(student__in=ids).order_by("due_on", "pk")
    found: dict[int, list[Cell]] = {}
    for pk, name, *days in rows.values_list(
        "student_id", "clock", "due_on", "statutory_due_on", "state_due_on"
    ):
        title = CLOCKS[name].title
        if pk not in found:
            found[pk] = [title, *days, ""]
        else:
            found[pk][-1] = "; ".join(filter(None, [found[pk][-1], f"{title} {us_date(days[0])}".strip()]))
    return found


def _measured(chunks: Iterator[bytes], sizes: list[int]) -> Iterator[bytes]:
    for chunk in chunks:
        sizes.append(len(chunk))
        yield chunk
