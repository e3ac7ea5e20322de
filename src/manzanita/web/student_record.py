"""The Record tab: every field of the five records with its layers, in groups that fold; what differs; who owns it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from manzanita.web.record_layers import AT_STATE, Layer, Row, layers_of, newest, row_of, without
from manzanita.web.record_layers import NOT_HELD as NO_RECORD
from manzanita.web.record_meetings import meeting_groups
from manzanita.web.record_next_year import next_year_group
from manzanita.web.student_file import StudentFile


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that stand together. ``note`` says of a whole record that a layer has none of it."""

    title: str
    rows: Sequence[Row]
    note: str = ""
    id: str = ""

    @property
    def is_open(self) -> bool:
        """A group that says nothing anywhere is folded."""
        return not all(row.is_empty for row in self.rows)

    def without_layer(self, label: str) -> Group:
        """The same where nothing is known of one layer: neither what it says nor that it says nothing."""
        rows = [replace(row, cells=[cell for cell in row.cells if cell.label != label]) for row in self.rows]
        note = ", ".join(part for part in self.note.split(", ") if part != NO_RECORD)
        return replace(self, rows=rows, note=note)


def record_tab(
    file: StudentFile, asked: QueryDict, *, view: str = "", word: str = "Current", left_out: str = ""
) -> dict[str, Any]:
    """What the tab shows; ``asked`` are ``layers=all`` and ``only=differences``.

    A record as of another day (``record_as_of``) says ``view``, what its addresses go on with, the ``word`` for its
    first layer, and the label of a layer that is ``left_out``.
    """
    is_all, is_only = asked.get("layers") == "all", asked.get("only") == "differences"
    groups, next_year = groups_of(file), next_year_group(file)
    if left_out:
        groups = [group.without_layer(left_out) for group in groups]
    count = sum(row.differs for group in groups for row in group.rows)
    count += len(next_year.differing) if next_year else 0
    if is_only:
        kept = ((group, [row for row in group.rows if row.differs]) for group in groups)
        groups = [Group(group.title, rows, group.note, group.id) for group, rows in kept if rows]
    here = reverse("student", args=[file.student.public_id])
    years = "&years=this" if asked.get("years") == "this" else ""

    def address(layers: bool, only: bool) -> str:
        return f"{here}?tab=record{'&layers=all' if layers else ''}{'&only=differences' if only else ''}{years}{view}"

    return {
        "groups": groups,
        "next": next_year,
        "next_rows": (next_year.differing if is_only else next_year.rows) if next_year else [],
        "columns": [layer.label for layer in layers_of(file) if layer.label != left_out],
        "current": word,
        "is_all": is_all,
        "is_only": is_only,
        "shows": [
            (word, address(False, is_only), not is_all),
            ("All layers", address(True, is_only), is_all),
        ],
        "filters": [
            ("Every field", address(is_all, False), not is_only),
            (f"Only differences ({count})", address(is_all, True), is_only),
        ],
        "every_field": address(is_all, False),
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
    if file.plan is not None or proposal is not None:
        groups += _plan_groups(file, proposal)
        groups += _service_groups(file, services, proposal)
    groups += [Group(*parts) for parts in meeting_groups(file)]
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
    archived, held = newest(file.should, "SWDS"), newest(file.at_state, "SWDS")
    layers, missing = layers_of(file, None, archived, held), _missing(file, "SWDS")
    rows = [
        row_of(file, declared, getattr(status, declared.attribute, None), layers, missing=missing)
        for declared in STATUS_FIELDS
    ]
    return Group("Status", rows, without(archived, held) if status else "")


def _plan_groups(file: StudentFile, proposal: Proposal | None) -> Iterator[Group]:
    offered = {f.declaration.number: f.proposed for f in proposal.plan_fields} if proposal else {}
    archived, held = newest(file.should, "PLAN"), newest(file.at_state, "PLAN")
    layers, missing = layers_of(file, offered, archived, held), _missing(file, "PLAN")
    sections: dict[str, list[Row]] = {}
    for declared in (*PLAN_HEAD_FIELDS, *PLAN_FIELDS):
        current = getattr(file.plan, declared.attribute, None)
        sections.setdefault(declared.section, []).append(
            row_of(file, declared, current, layers, missing=missing)
        )
    note = without(archived, held)
    for section in (PLAN, *PLAN_SECTIONS):
        yield Group(section, sections[section], note)


def _of_newest_plan(rows: Sequence[Any]) -> list[Any]:
    """The services of the newest plan among archived or state records."""
    plan = newest(rows, "PLAN") or newest(rows, "SERV")
    return [row for row in rows if row.record == "SERV" and row.key_on == plan.key_on] if plan else []


def _service_groups(
    file: StudentFile, services: Sequence[Service], proposal: Proposal | None
) -> Iterator[Group]:
    """A group for each service that any layer has; each archived or held one stands beside one of the same code."""
    offers: Mapping[int, ProposedService] = {s.number: s for s in proposal.services} if proposal else {}
    archived, held = _of_newest_plan(file.should), _of_newest_plan(file.at_state)
    missing = _missing(file, "SERV")
    words = {"add": "offered in the open meeting", "remove": "ends by the offer"}
    by_number = {service.service_no: service for service in services}
    for number in sorted({*by_number, *offers}):
        service, offer = by_number.get(number), offers.get(number)
        code = service.service_code if service else offer.value("25.11") if offer else ""
        beside = [_take(rows, code if service else "") for rows in (archived, held)]
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
            for part in (words.get(offer.offer, "") if offer else "", without(*beside) if service else "")
            if part
        )
        yield Group(f"Service {code_set('Service').label(code)}", rows, note)
    for row in (*archived, *held):
        # What another layer has beyond the plan in force: one group for both that have it.
        if row not in (archived if isinstance(row, ArchivedRecord) else held):
            continue
        code = row.values["25.11"]
        beside = [_take(archived, code), _take(held, code)]
        layers = layers_of(file, None, *beside)
        yield Group(
            f"Service {code_set('Service').label(code)}",
            [row_of(file, declared, None, layers, slot="-") for declared in SERVICE_FIELDS],
            "not in the plan in force",
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
    held = newest(file.at_state, "PSTS")
    layers = [
        layer if layer.label == AT_STATE else Layer(layer.label, {})
        for layer in layers_of(file, None, None, held)
    ]
    rows = [row_of(file, declared, None, layers) for declared in POSTSECONDARY_FIELDS]
    note = "the SIS sends it; this product does not record it"
    return Group("After school (PSTS)", rows, note if held else f"{note}, {NO_RECORD}")


def _identification_group(file: StudentFile) -> Group:
    archived = max(file.should, key=lambda row: row.key_on, default=None)
    held = max(file.at_state, key=lambda row: row.key_on, default=None)
    layers = layers_of(file, None, archived, held)
    rows = [
        row_of(file, declared, _identity(file, declared, archived), layers)
        for declared in IDENTIFICATION_FIELDS
    ]
    return Group("Identification and enrollment", rows, without(archived, held), id="identification")


def _identity(file: StudentFile, declared: FieldDeclaration, archived: ArchivedRecord | None) -> object:
    if declared.holder == "ssid":
        return file.facts.ssid
    if declared.holder == "student":
        return getattr(file.student, declared.attribute)
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
    if file.plan is None and file.open_meeting is None:
        without = "No plan is in force, and none is proposed. What was archived stands under History."
        declared = (*PLAN_HEAD_FIELDS, *PLAN_FIELDS, *SERVICE_FIELDS)
        rows += [(n, layout_field(n).name, without) for one in declared for n in one.numbers]
    return sorted(rows, key=lambda row: [int(part) for part in row[0].split(".")])
