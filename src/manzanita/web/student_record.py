"""The Record tab: every field of the five records with its layers, in groups that fold; what differs; who owns it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.codes import code_set
from manzanita.domain.fields import PLAN_FIELDS, PLAN_SECTIONS, SERVICE_FIELDS, FieldDeclaration
from manzanita.domain.layouts import field as layout_field
from manzanita.domain.record_fields import (
    DATE_FIELDS,
    IDENTIFICATION_FIELDS,
    NOT_HELD,
    NOT_SHOWN,
    PLAN,
    PLAN_HEAD_FIELDS,
    POSTSECONDARY_AGE,
    POSTSECONDARY_FIELDS,
    STATUS_FIELDS,
)
from manzanita.meetings.queries import Proposal, ProposedService, proposal_of
from manzanita.students.models import Service
from manzanita.web.record_layers import (
    ARCHIVED,
    PROPOSED,
    Group,
    Layer,
    Row,
    layers_of,
    newest,
    row_of,
    without,
)
from manzanita.web.record_layers import NOT_HELD as NO_RECORD
from manzanita.web.record_meetings import meeting_groups
from manzanita.web.record_next_year import next_year_group
from manzanita.web.record_since import RECORD_NOW, since_then
from manzanita.web.record_state_then import put_there
from manzanita.web.student_file import StudentFile

ONLY = ("differences", "today")


def record_tab(
    file: StudentFile,
    asked: QueryDict,
    *,
    view: str = "",
    word: str = "Current",
    today: StudentFile | None = None,
) -> dict[str, Any]:
    """What the tab shows; ``asked`` are ``layers=all`` and ``only=differences``.

    A record as of another day (``record_as_of``) says ``view``, what its addresses go on with, the ``word`` for its
    first layer, and the file of ``today``, from which ``only=today`` shows what differs.
    """
    is_all = asked.get("layers") == "all"
    only = asked["only"] if asked.get("only") in ONLY else ""
    groups, next_year = groups_of(file), next_year_group(file)
    count = sum(row.differs for group in groups for row in group.rows)
    count += len(next_year.differing) if next_year else 0
    columns = [layer.label for layer in layers_of(file)]
    changed = since_then(groups, groups_of(today)) if today is not None else []
    is_since = only == "today" and today is not None
    is_only = only == "differences"
    if is_since:
        groups, columns = changed, [RECORD_NOW, *columns]
    elif is_only:
        kept = ((group, [row for row in group.rows if row.differs]) for group in groups)
        groups = [replace(group, rows=rows) for group, rows in kept if rows]
    here = reverse("student", args=[file.student.public_id])
    years = "&years=this" if asked.get("years") == "this" else ""

    def address(layers: bool, only: str) -> str:
        return f"{here}?tab=record{'&layers=all' if layers else ''}{f'&only={only}' if only else ''}{years}{view}"

    filters = [
        ("Every field", "", not (is_only or is_since)),
        (f"Only differences ({count})", "differences", is_only),
    ]
    if today is not None:
        number = sum(len(group.rows) for group in changed)
        filters.append((f"Differs from today ({number})", "today", is_since))

    return {
        "groups": groups,
        "next": next_year,
        "next_rows": (next_year.differing if is_only else next_year.rows) if next_year else [],
        "columns": columns,
        "current": word,
        "is_all": is_all,
        "is_only": is_only,
        "is_since": is_since,
        "shows": [
            (word, address(False, only), not is_all),
            ("All layers", address(True, only), is_all),
        ],
        "filters": [(words, address(is_all, which), is_shown) for words, which, is_shown in filters],
        "every_field": address(is_all, ""),
        "field_url": reverse("field_history", args=[file.student.public_id, "x"]).removesuffix("x"),
        "field_query": f"?{view[1:]}" if view else "",
        "not_shown": _not_shown(file),
        "not_held": NOT_HELD,
    }


def groups_of(file: StudentFile) -> list[Group]:
    """All groups in the order of the page. Without a plan, and none proposed, there are none of plan and services."""
    services, proposal = file.facts.services_on(file.today), None
    if file.open_meeting is not None:
        proposal = proposal_of(file.open_meeting, file.plan, services, read=(file.answers, file.decisions))
    groups = [_status_group(file)]
    if file.plan is not None or proposal is not None or newest(file.held_then, "PLAN") is not None:
        groups += _plan_groups(file, proposal)
        groups += _service_groups(file, services, proposal)
    groups += [
        Group(title, rows, note, then=put_there(file, then))
        for title, rows, note, then in meeting_groups(file)
    ]
    groups.append(
        Group(
            "Due dates",
            [
                row_of(file, declared, _date_shown(file, declared), layers_of(file))
                for declared in DATE_FIELDS
            ],
        )
    )
    if _is_of_age(file):
        groups.append(_postsecondary_group(file))
    groups.append(_identification_group(file))
    return groups


def _date_shown(file: StudentFile, declared: FieldDeclaration) -> date | None:
    """The last meetings; and what is due after them, while the student takes part."""
    if declared.attribute.endswith("_due_on") and not file.facts.takes_part_on(file.today):
        return None
    return getattr(file.student, declared.attribute)


def _missing(file: StudentFile, record: str) -> set[str]:
    """Blank fields that an open finding names."""
    return {
        number
        for finding in file.findings
        if finding.record == record
        for number, value in finding.values.items()
        if value == ""
    }


def _status_group(file: StudentFile) -> Group:
    status = file.facts.status_on(file.today)
    beside = [newest(rows, "SWDS") for rows in (file.should, file.at_state, file.held_then)]
    layers, missing = layers_of(file, None, *beside), _missing(file, "SWDS")
    rows = [
        row_of(file, declared, getattr(status, declared.attribute, None), layers, missing=missing)
        for declared in STATUS_FIELDS
    ]
    note = without(file, *beside) if status else ""
    return Group("Status", rows, note, then=put_there(file, beside[-1]))


def _plan_groups(file: StudentFile, proposal: Proposal | None) -> Iterator[Group]:
    offered = {f.declaration.number: f.proposed for f in proposal.plan_fields} if proposal else {}
    beside = [newest(rows, "PLAN") for rows in (file.should, file.at_state, file.held_then)]
    layers, missing = layers_of(file, offered, *beside), _missing(file, "PLAN")
    sections: dict[str, list[Row]] = {}
    for declared in (*PLAN_HEAD_FIELDS, *PLAN_FIELDS):
        current = getattr(file.plan, declared.attribute, None)
        sections.setdefault(declared.section, []).append(
            row_of(file, declared, current, layers, missing=missing)
        )
    note, then = without(file, *beside), put_there(file, beside[-1])
    for section in (PLAN, *PLAN_SECTIONS):
        yield Group(section, sections[section], note, then=then)


def _of_newest_plan(rows: Sequence[Any]) -> list[Any]:
    """The services of the newest plan among archived or state records."""
    plan = newest(rows, "PLAN") or newest(rows, "SERV")
    return [row for row in rows if row.record == "SERV" and row.key_on == plan.key_on] if plan else []


def _service_groups(
    file: StudentFile, services: Sequence[Service], proposal: Proposal | None
) -> Iterator[Group]:
    """A group for each service that any layer has; each archived or held one stands beside one of the same code."""
    offers: Mapping[int, ProposedService] = {s.number: s for s in proposal.services} if proposal else {}
    layered = [_of_newest_plan(rows) for rows in (file.should, file.at_state, file.held_then)]
    missing = _missing(file, "SERV")
    words = {"add": "offered in the open meeting", "remove": "ends by the offer"}
    by_number = {service.service_no: service for service in services}
    for number in sorted({*by_number, *offers}):
        service, offer = by_number.get(number), offers.get(number)
        code = service.service_code if service else offer.value("25.11") if offer else ""
        beside = [_take(rows, code if service else "") for rows in layered]
        offered = {f.declaration.number: f.proposed for f in offer.fields} if offer else {}
        layers = layers_of(file, offered, *beside)
        rows = [
            row_of(
                file,
                declared,
                getattr(service, declared.attribute, None),
                layers,
                slot=f"service-{number}",
                missing=missing,
            )
            for declared in SERVICE_FIELDS
        ]
        note = ", ".join(
            part
            for part in (
                words.get(offer.offer, "") if offer else "",
                without(file, *beside) if service else "",
            )
            if part
        )
        title = f"Service {code_set('Service').label(code)}"
        yield Group(title, rows, note, then=put_there(file, beside[-1]))
    while beyond := [row for rows in layered for row in rows]:
        # What other layers have beyond the plan in force: one group for all that have it.
        code = beyond[0].values["25.11"]
        beside = [_take(rows, code) for rows in layered]
        layers = layers_of(file, None, *beside)
        yield Group(
            f"Service {code_set('Service').label(code)}",
            [row_of(file, declared, None, layers, slot="-") for declared in SERVICE_FIELDS],
            "not in the plan in force",
            then=put_there(file, beside[-1]),
        )


def _take(rows: list[Any], code: str) -> Any:
    """The first of ``rows`` with this service code, which is then no longer among them."""
    found = next((row for row in rows if row.values["25.11"] == code), None)
    if found is not None:
        rows.remove(found)
    return found


def _is_of_age(file: StudentFile) -> bool:
    born = file.student.birth_on
    if born is None:
        return False
    years = file.today.year - born.year - ((file.today.month, file.today.day) < (born.month, born.day))
    return years >= POSTSECONDARY_AGE


def _postsecondary_group(file: StudentFile) -> Group:
    held, then = newest(file.at_state, "PSTS"), newest(file.held_then, "PSTS")
    layers = [
        Layer(layer.label, {}) if layer.label.startswith((PROPOSED, ARCHIVED)) else layer
        for layer in layers_of(file, None, None, held, then)
    ]
    rows = [row_of(file, declared, None, layers) for declared in POSTSECONDARY_FIELDS]
    note = "the SIS sends it; this product does not record it"
    return Group("After school (PSTS)", rows, note if held else f"{note}, {NO_RECORD}")


def _identification_group(file: StudentFile) -> Group:
    beside = [
        max(rows, key=lambda row: row.key_on, default=None)
        for rows in (file.should, file.at_state, file.held_then)
    ]
    layers = layers_of(file, None, *beside)
    rows = [
        row_of(file, declared, _identity(file, declared, beside[0]), layers)
        for declared in IDENTIFICATION_FIELDS
    ]
    return Group("Identification and enrollment", rows, without(file, *beside), id="identification")


def _identity(file: StudentFile, declared: FieldDeclaration, archived: ArchivedRecord | None) -> object:
    if declared.holder == "ssid":
        return file.facts.ssid
    if declared.holder == "student":
        return getattr(file.student, declared.attribute)
    if declared.holder == "residence":
        return getattr(file.facts.residence_on(file.today), declared.attribute, None)
    if declared.holder == "lea":
        # Whoever works for no member of a SELPA reads it from what was reported.
        told = Layer("", archived.values if archived else None).text(declared)
        return file.actor.selpa_code or told
    return getattr(file.enrollment, declared.attribute, None)


def _not_shown(file: StudentFile) -> list[tuple[str, str, str]]:
    """State fields that stand nowhere above: number, the state's name, why."""
    rows = [(number, layout_field(number).name, reason) for number, reason in NOT_SHOWN.items()]
    if not _is_of_age(file):
        young = f"From age {POSTSECONDARY_AGE}: it tells what became of a student after school."
        rows += [(one.number, layout_field(one.number).name, young) for one in POSTSECONDARY_FIELDS]
    if file.plan is None and file.open_meeting is None and newest(file.held_then, "PLAN") is None:
        without = "No plan is in force, and none is proposed. What was archived stands under History."
        declared = (*PLAN_HEAD_FIELDS, *PLAN_FIELDS, *SERVICE_FIELDS)
        rows += [(n, layout_field(n).name, without) for one in declared for n in one.numbers]
    return sorted(rows, key=lambda row: [int(part) for part in row[0].split(".")])
