"""The small world with a student in each relationship, one person for each perspective, and strangers beside them.

Chaparral Unified (``LEA``) and Heron Creek Unified (``OTHER_LEA``) belong to one SELPA, Far Valley Unified
(``FAR_LEA``) to another; nobody of the first SELPA may see anything of ``far``.

- ``alder``, ``towhee``, ``yarrow``: at Chaparral; ``sage``: at Heron Creek.
- ``dsea``: at Heron Creek, whose plan names Chaparral as DSEA; lives and is served in Chaparral.
- ``nps``: at Chaparral, placed in a nonpublic school; ``private``: at Chaparral, served at a private school.
- ``npa1`` (Chaparral) and ``npa2`` (Heron Creek) are served by one nonpublic agency.
- ``former``: left Chaparral for Heron Creek on October 30, 2026; ``next``: comes to Chaparral on July 1, 2027.
- ``far``: at Far Valley.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path

from django.conf import settings

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.guest_models import HostSession, RecordRequest
from manzanita.accounts.models import Grant, Role, TransferRequest, User
from manzanita.archive.actions import ArchiveDraft, RecordDraft, write_archives
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.arrivals.models import AdoptionBatch, Arrival
from manzanita.auditing.models import ListExport, ViewingBlock
from manzanita.deadlines.models import DueDate
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.records import complete
from manzanita.exchange.models import (
    ImportRun,
    Operation,
    StateFinding,
    StateReport,
    StateReportRow,
    Submission,
    SubmissionLine,
)
from manzanita.findings.models import RuleFinding
from manzanita.leaving.models import LeavingBatch, ParticipationReport
from manzanita.meetings.models import Meeting, PlanBatch, PlannedMeeting
from manzanita.orgs.models import Agency, DirectoryRequest, School
from manzanita.platform.facts import Statement
from manzanita.platform.files import store_file
from manzanita.platform.ids import new_public_id
from manzanita.students.actions import FACT_MODELS, Identity, register_students, state_student_facts
from manzanita.students.assignment_models import AssignmentBatch, AssignmentChange
from manzanita.students.models import (
    BatchEdit,
    BatchLine,
    DuplicatePair,
    IdentityConflict,
    Merge,
    PastedLine,
    PastedSet,
    Plan,
    Service,
    Student,
)
from manzanita.transfers.models import StudentTransfer
from tests.support import pages
from tests.support import world as w
from tests.support.state_answers import rejected

FAR_LEA, FAR_SELPA, NPS, PRIVATE = "9920010", "9902", "9980001", "9990009"
SINCE = date(2023, 8, 14)

# Where each perspective is held, and which of the students above it reaches: written by hand.
AT: dict[str, tuple[str, frozenset[str]]] = {
    key: (agency, frozenset(names.split()))
    for key, agency, names in (
        ("coordinator", w.LEA, "alder towhee yarrow dsea nps private npa1 former next"),
        ("selpa", w.SELPA, "alder towhee yarrow sage dsea nps private npa1 npa2 former next"),
        # SWDS of Alder and Towhee are reported by Chaparral; that of Yarrow does not exist.
        ("reporting_lea", w.LEA, "alder towhee"),
        ("dsea", w.LEA, "dsea"),
        ("residence", w.LEA, "dsea"),
        ("location", w.LEA, "dsea"),
        ("school", w.LEA, "alder towhee yarrow nps private npa1 next"),
        ("site_provider", w.LEA, "alder towhee yarrow nps private npa1"),
        ("district_provider", w.LEA, "alder towhee yarrow dsea nps private npa1 next"),
        ("case_manager", w.LEA, "alder towhee"),
        ("private_school", PRIVATE, "private"),
        ("npa_provider", w.NPA, "npa1 npa2"),
        ("nps_administrator", NPS, "nps"),
        ("nps_provider", NPS, "nps"),
        ("cde_monitor", w.LEA, "alder"),
        ("requested_record", w.LEA, "alder"),
        ("family", w.LEA, ""),
        ("sis_staff", w.LEA, ""),
        ("office_clerk", w.LEA, "alder towhee yarrow nps private npa1 next"),
        ("translator", w.LEA, "alder"),
        ("section_504_coordinator", w.LEA, ""),
        ("host_staff", w.LEA, ""),
        ("host_session", w.LEA, "alder towhee yarrow nps private npa1"),
        ("former_lea", w.LEA, "former"),
    )
}
# What the first view of those with several shows; the others list whom they reach.
CURRENT: dict[str, frozenset[str]] = {
    key: frozenset(names.split())
    for key, names in (
        ("coordinator", "alder towhee yarrow nps private npa1"),
        ("selpa", "alder towhee yarrow sage dsea nps private npa1 npa2 former next"),
        ("school", "alder towhee yarrow nps private npa1"),
        ("district_provider", "alder towhee yarrow nps private npa1"),
        ("office_clerk", "alder towhee yarrow nps private npa1"),
    )
}


@dataclass(frozen=True, slots=True)
class AccessWorld:
    """``objects`` by kind: the one of Chaparral and the one of Far Valley. ``grants`` by perspective."""

    world: w.World
    students: dict[str, Student]
    grants: dict[str, Grant]
    objects: dict[str, tuple[object, object]]

    def person(self, perspective: str) -> User:
        return self.grants[perspective].user


def access_world(world: w.World) -> AccessWorld:
    far_lea = Agency.objects.create(code=FAR_LEA, kind="lea", name="Far Valley Unified", selpa_code=FAR_SELPA)
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    Agency.objects.create(code=NPS, kind="nps", name="Alderbrook School", npa_id="")
    Agency.objects.create(code=PRIVATE, kind="private_school", name="Quiet Creek Academy")
    School.objects.create(code="9921001", name="Far Valley Elementary", agency=far_lea)
    students = dict(world.students) | _students()
    _facts(students, world)
    finding = rejected(world)
    pages.opened(world, "towhee")
    grants = {key: _grant(key, students) for key in PERSPECTIVES}
    _teams(students, grants)
    return AccessWorld(
        world, students, grants, _objects(world, students, finding, grants["coordinator"].user)
    )


def _students() -> dict[str, Student]:
    names = ("dsea", "nps", "private", "npa1", "npa2", "former", "next", "far")
    made = register_students(
        [Identity(name.capitalize(), "", "Testcase", "", date(2016, 1, 1), "F") for name in names]
    )
    return dict(zip(names, made, strict=True))


def _facts(students: dict[str, Student], world: w.World) -> None:
    def say(
        kind: str, name: str, more: dict, values: dict, start: date = SINCE, end: date | None = None
    ) -> None:
        slot = {"student_id": students[name].pk, **more}
        state_student_facts(kind, [Statement(slot, values, start, end)], by_id=None, cause="test")

    def enroll(
        name: str, lea: str, school: str, start: date = SINCE, end: date | None = None, nps: str = ""
    ) -> None:
        values = pages.enrollment(f"X{name}") | {"school_code": school, "nps_code": nps}
        say("enrollment", name, {"lea_code": lea, "started_on": start}, values, start, end)

    enroll("dsea", w.OTHER_LEA, w.OTHER_SCHOOL)
    enroll("nps", w.LEA, w.SCHOOL, nps=NPS)
    enroll("private", w.LEA, w.SCHOOL)
    enroll("npa1", w.LEA, w.SCHOOL)
    enroll("npa2", w.OTHER_LEA, w.OTHER_SCHOOL)
    enroll("former", w.LEA, w.SCHOOL, end=date(2026, 10, 30))
    enroll("former", w.OTHER_LEA, w.OTHER_SCHOOL, start=date(2026, 11, 2))
    enroll("next", w.OTHER_LEA, w.OTHER_SCHOOL, end=date(2027, 6, 30))
    enroll("next", w.LEA, w.SCHOOL, start=date(2027, 7, 1))
    enroll("far", FAR_LEA, "9921001")
    for number, name in enumerate(("dsea", "nps", "private", "npa1", "npa2", "former", "next", "far")):
        say("ssid", name, {}, {"ssid": f"990002{number:04}"})
    plan = dict.fromkeys(Plan.content, "") | {"reason_code": "10", "plan_type_code": "100"}
    say("plan", "dsea", {}, plan | {"lea_code": w.OTHER_LEA, "dsea_code": w.LEA})
    for relationship in ("residence", "location"):
        say("agency", "dsea", {"relationship": relationship}, {"agency_code": w.LEA, "school_code": ""})
    say("agency", "private", {"relationship": "location"}, {"agency_code": PRIVATE, "school_code": ""})
    service = dict.fromkeys(Service.content, "") | {"service_code": "415", "npa_id": w.NPA}
    say("service", "npa1", {"service_no": 1}, service | {"lea_code": w.LEA})
    say("service", "npa2", {"service_no": 1}, service | {"lea_code": w.OTHER_LEA})


def _grant(key: str, students: dict[str, Student]) -> Grant:
    code, _ = AT[key]
    perspective = PERSPECTIVES[key]
    person = add_person(
        email=f"{key.replace('_', '.')}@example.org",
        name=f"{perspective.label.replace('/', ' ')} Mockup",
        password=w.PASSWORD,
    )
    days = perspective.longest_days
    return grant_perspective(
        user=person,
        perspective_key=key,
        agency=Agency.objects.get(code=code),
        starts_on=w.TODAY,
        ends_on=w.TODAY + timedelta(days=days) if days else None,
        by=None,
        reason="test",
        designation=next(iter(sorted(perspective.designations))),
        schools=[School.objects.get(code=w.SCHOOL)] if perspective.scope == "school" else [],
        student_ids=[students["alder"].pk] if perspective.scope == "named" else [],
    )


def _teams(students: dict[str, Student], grants: dict[str, Grant]) -> None:
    for key, names in {
        "case_manager": ("alder", "towhee", "sage"),
        "translator": ("alder",),
        "npa_provider": ("npa1", "npa2", "alder"),
        "nps_provider": ("nps", "alder"),
    }.items():
        state_student_facts(
            "team",
            [
                Statement(
                    {"student_id": students[name].pk, "user_id": grants[key].user_id},
                    {"role": "Provider"},
                    SINCE,
                )
                for name in names
            ],
            by_id=None,
            cause="test",
        )


def _monitors(world: w.World, students: dict[str, Student]) -> tuple[Grant, Grant]:
    """Access of a monitor to Alder, and to ``far``."""
    person = add_person(email="other.monitor@example.org", name="Other Monitor", password=w.PASSWORD)
    first, second = (
        grant_perspective(
            user=person,
            perspective_key="cde_monitor",
            agency=Agency.objects.get(code=code),
            starts_on=w.TODAY,
            ends_on=w.TODAY + timedelta(days=9),
            by=world.coordinator,
            reason="test",
            student_ids=[students[name].pk],
        )
        for code, name in ((w.LEA, "alder"), (FAR_LEA, "far"))
    )
    return first, second


def _host_sessions(world: w.World) -> tuple[HostSession, HostSession]:
    first, second = (
        HostSession.objects.create(
            asked_by=world.case_manager,
            agency=Agency.objects.get(code=code),
            comment="A page is slow",
            ticket="T1",
            hours=1,
            asked_at=w.NOON,
        )
        for code in (w.LEA, FAR_LEA)
    )
    return first, second


def _record_requests(world: w.World, students: dict[str, Student]) -> tuple[RecordRequest, RecordRequest]:
    first, second = (
        RecordRequest.objects.create(
            asked_by=world.case_manager,
            asked_through=world.case_manager_grant,
            agency=Agency.objects.get(code=code),
            student_id=students[name].pk,
            reason="Arrives here",
            asked_at=w.NOON,
        )
        for code, name in ((w.LEA, "alder"), (FAR_LEA, "far"))
    )
    return first, second


def _student_transfers(students: dict[str, Student]) -> tuple[StudentTransfer, StudentTransfer]:
    """Chaparral asks Heron Creek for Sage; two districts of which nobody here is ask for far."""
    first, second = (
        StudentTransfer.objects.create(
            student_id=students[name].pk,
            receiving_code=receiving,
            sending_code=sending,
            called="S.",
            enroll_on=w.TODAY,
            state="requested",
            asked_by_id=1,
            asked_at=w.NOON,
            attested_on=w.TODAY,
        )
        for name, receiving, sending in (("sage", w.LEA, w.OTHER_LEA), ("far", "9930010", FAR_LEA))
    )
    return first, second


def _export(by: User, lea: str = w.LEA, state: str = "ready") -> ListExport:
    grant = by.grants.order_by("pk").first()
    made = ListExport.objects.create(
        by_id=by.pk,
        grant_id=grant.pk,
        perspective_key=grant.perspective_key,
        agency_code=lea,
        view="current",
        list_key="all",
        title="All students",
        scope_line="Access",
        form="csv",
        ask_key=f"access-{by.pk}-{lea}-{state}",
        asked_at=w.NOON,
        asked_on=w.TODAY,
        asked_count=1,
        is_alone=state == "ready",
        state=state,
        lapses_at=w.NOON + timedelta(days=3),
        made_count=1,
        size_bytes=4,
        expires_at=w.NOON + timedelta(days=7),
    )
    if state == "ready":
        store_file([b"SSID"], name=made.stored_name)
    return made


def add_far_person() -> User:
    person = add_person(email="far.person@example.org", name="Far Person", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="case_manager",
        agency=Agency.objects.get(code=FAR_LEA),
        starts_on=w.TODAY,
        by=None,
        reason="test",
    )
    return person


def _batch(lea: str, student: Student, world: w.World) -> AssignmentBatch:
    """Today the student was given to the case manager, who had nobody's before."""
    batch = AssignmentBatch.objects.create(
        agency_code=lea, title="Access", made_on=w.TODAY, made_at=w.NOON, by_id=world.coordinator.pk
    )
    AssignmentChange.objects.create(
        batch=batch,
        student=student,
        kind="assignment",
        to_user_id=world.case_manager.pk,
        starts_on=w.TODAY,
    )
    return batch


def _pair(one: Student, other: Student) -> DuplicatePair:
    first, second = sorted((one, other), key=lambda student: student.pk)
    return DuplicatePair.objects.create(
        student=first, other=second, strength=2, because="same birth date; names swapped", found_at=w.NOON
    )


def _conflict(lea: str, student: Student) -> IdentityConflict:
    """A line of the LEA's SIS names the student by number, and somebody else by name."""
    return IdentityConflict.objects.create(
        student=student,
        lea_code=lea,
        digest="access",
        words="the first name is another",
        parts=["first_name"],
        first_name="Juniper",
        record="SENR",
        line=1,
        cause="sis-import:0",
        found_at=w.NOON,
        seen_at=w.NOON,
    )


def _edit(lea: str, student: Student, world: w.World) -> BatchEdit:
    """Next year's grade of a student is to be changed."""
    batch = BatchEdit.objects.create(
        agency_code=lea,
        field_key="next_grade",
        title="Access",
        reason="Access",
        made_on=w.TODAY,
        made_at=w.NOON,
        by=world.coordinator,
    )
    BatchLine.objects.create(batch=batch, student=student, position=1, new="05")
    return batch


def _pasted(lea: str, student: Student, world: w.World) -> PastedSet:
    """The coordinator pasted a list of one student."""
    made = PastedSet.objects.create(
        agency_code=lea,
        by=world.coordinator,
        made_at=w.NOON,
        ends_at=w.NOON + timedelta(days=7),
        line_count=1,
        student_count=1,
    )
    PastedLine.objects.create(pasted=made, student=student, number=1)
    return made


def _merge(stays: Student, world: w.World) -> Merge:
    """Somebody entered the student twice, and put the two records together."""
    (other,) = register_students([Identity("Twice", "", "Testcase", "", date(2016, 1, 1))])
    # It was enrolled here, and that was given to the record that stays: of the district it remains.
    slot = {"student_id": other.pk, "lea_code": w.LEA, "started_on": SINCE}
    for values in (pages.enrollment("X2"), None):
        state_student_facts(
            "enrollment", [Statement(slot, values, SINCE, is_whole_slot=True)], by_id=None, cause="test"
        )
    written: dict = {"after": {kind: [] for kind in FACT_MODELS}, "newest": {}, "moved": {}}
    return Merge.objects.create(
        student=stays,
        other=other,
        agency_code=w.LEA,
        strength=1,
        because="same birth date; same name",
        reason="Access",
        written=written,
        made_at=w.NOON,
        by=world.coordinator,
    )


def _role(selpa: str) -> Role:
    return Role.objects.create(
        selpa_code=selpa,
        key="reader",
        label="Reader",
        for_whom="Who only reads",
        perspective_key="district_provider",
        capabilities=["read_student"],
    )


def _transfer(world: w.World, from_code: str, to_code: str) -> TransferRequest:
    return TransferRequest.objects.create(
        user=world.case_manager,
        from_agency=Agency.objects.get(code=from_code),
        to_agency=Agency.objects.get(code=to_code),
        perspective_key="case_manager",
        starts_on=w.TODAY,
        reason="test",
        asked_by=world.coordinator,
        asked_at=w.NOON,
    )


def _stopped() -> User:
    return add_person(email="stopped.person@example.org", name="Stopped Person", password=w.PASSWORD)


def _blocks(world: w.World) -> tuple[ViewingBlock, ViewingBlock]:
    """Two people whose pages are stopped; neither acts in the matrix."""
    first, second = (
        ViewingBlock.objects.create(
            user_id=person.pk,
            agency_code=code,
            perspective_key="case_manager",
            since=w.NOON,
            reason="hour",
            student_count=1001,
        )
        for person, code in ((_stopped(), w.LEA), (world.case_manager, FAR_LEA))
    )
    return first, second


def _written(student: Student) -> Submission:
    """A line of Alder that was written as a file for upload by hand."""
    found = Submission.objects.create(
        lea_code=w.LEA,
        form="files",
        destination="sandbox",
        state="written",
        file_name="SANDBOX_access.txt",
        created_at=w.NOON,
    )
    SubmissionLine.objects.create(
        submission=found,
        position=1,
        transaction_id="access-1",
        kind="add",
        record="MEET",
        record_key="MEET:access",
        student_id=student.pk,
        values=complete("MEET", w.meet("alder", "20260302")),
    )
    folder = Path(settings.STATE_GATEWAY["files_dir"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SANDBOX_access_1_MEET.txt").write_text("MEET", encoding="utf-8")
    return found


def _state_report(lea: str, by: User) -> StateReport:
    """A list of the state with one student of nobody's."""
    made = StateReport.objects.create(
        lea_code=lea,
        report="16.21",
        as_of_on=w.TODAY,
        name="1621.csv",
        sha256="0" * 64,
        row_count=1,
        uploaded_at=w.NOON,
        by_id=by.pk,
    )
    StateReportRow.objects.create(
        report=made, row=2, ssid="9900099999", measure="plan-review", group="overdue", category="Overdue"
    )
    return made


def _plan(lea_code: str, student: Student) -> PlanBatch:
    """A planned day of the student, by which a case manager of the LEA is planned."""
    batch = PlanBatch.objects.create(
        token=uuid.uuid4(),
        lea_code=lea_code,
        manager_id=1,
        kind="plan",
        made_on=w.TODAY,
        made_at=w.NOON,
        by_id=1,
    )
    PlannedMeeting.objects.create(
        student=student,
        lea_code=lea_code,
        manager_id=1,
        clock="plan-review",
        due_on=w.TODAY,
        planned_on=w.TODAY,
        starts_at=time(8),
        minutes=60,
        made_by=batch,
    )
    return batch


def _objects(
    world: w.World, students: dict[str, Student], finding: StateFinding, maker: User
) -> dict[str, tuple[object, object]]:
    far = students["far"]
    far_meeting = Meeting.objects.create(
        student=far,
        lea_code=FAR_LEA,
        event_key="annual",
        state="open",
        opened_at=w.NOON,
        opened_by_id=world.coordinator.pk,
        source="meeting",
    )
    values = w.meet("alder", "20261120", FAR_LEA)
    draft = RecordDraft("MEET", complete("MEET", values), dict.fromkeys(values, "this meeting"))
    (far_archive,) = write_archives(
        [
            ArchiveDraft(
                student_id=far.pk,
                lea_code=FAR_LEA,
                event_on=date(2026, 11, 20),
                cause="procedure",
                cause_id=None,
                title="Meeting of November 20, 2026",
                records=[draft],
                context={},
            )
        ],
        by_id=None,
    )
    runs = [
        ImportRun.objects.create(kind="sis", lea_code=lea, state="done", created_at=w.NOON)
        for lea in (w.LEA, FAR_LEA)
    ]
    far_submission = Submission.objects.create(
        lea_code=FAR_LEA, form="api", destination="sandbox", file_name="SANDBOX_far.txt", created_at=w.NOON
    )
    far_operation = Operation.objects.create(
        lea_code=FAR_LEA,
        student_id=far.pk,
        record="MEET",
        record_key="MEET:far",
        key_on=date(2026, 11, 20),
        kind="add",
        values=complete("MEET", values),
        position=1,
        first_seen_at=w.NOON,
    )
    far_finding = StateFinding.objects.create(
        identity="f" * 32,
        rule_code="MEET0001",
        severity="fatal",
        source="state",
        lea_code=FAR_LEA,
        student_id=far.pk,
        record="MEET",
        record_key="MEET:far",
        message="Far",
        owner="Clerk or coordinator",
        opened_at=w.NOON,
    )
    rule_findings = [
        RuleFinding.objects.create(
            identity=name,
            inputs="v1",
            rule_code="MZ-MEET-LATE",
            severity="warning",
            phase="input",
            kind="local",
            owner="IEP team",
            lea_code=lea,
            student_id=students[name].pk,
            record="MEET",
            record_key=f"MEET:{name}",
            message="Late",
            first_seen_at=w.NOON,
            opened_at=w.NOON,
            last_seen_at=w.NOON,
        )
        for name, lea in (("alder", w.LEA), ("far", FAR_LEA))
    ]
    written = _written(students["alder"])
    archive = Archive.objects.get(student_id=students["alder"].pk, cause="meeting")
    return {
        "state_report": (_state_report(w.LEA, maker), _state_report(FAR_LEA, maker)),
        "student": (students["alder"], far),
        "meeting": (Meeting.objects.get(student=students["towhee"], state="open"), far_meeting),
        "archive": (archive, far_archive),
        "record": (
            ArchivedRecord.objects.filter(archive=archive).order_by("pk").first(),
            ArchivedRecord.objects.get(archive=far_archive),
        ),
        "import": (runs[0], runs[1]),
        "submission": (Submission.objects.get(lea_code=w.LEA, form="api"), far_submission),
        "operation": (Operation.objects.filter(lea_code=w.LEA).order_by("pk").first(), far_operation),
        "finding": (finding, far_finding),
        "rule_finding": (rule_findings[0], rule_findings[1]),
        "file": (written, far_submission),
        "due": (
            DueDate.objects.get(student=students["alder"], clock="annual-review"),
            _due_date(far.pk, FAR_LEA),
        ),
        "monitor": _monitors(world, students),
        "host_session": _host_sessions(world),
        "export": (_export(maker), _export(world.case_manager, FAR_LEA)),
        "export_waiting": (
            _export(world.case_manager, state="waiting"),
            _export(world.case_manager, FAR_LEA, state="waiting"),
        ),
        "viewing_block": _blocks(world),
        "person": (world.case_manager, add_far_person()),
        "grant": (world.case_manager_grant, add_far_person().grants.get()),
        "assignment": (_batch(w.LEA, students["yarrow"], world), _batch(FAR_LEA, far, world)),
        "plan_batch": (_plan(w.LEA, students["alder"]), _plan(FAR_LEA, far)),
        "arrival": (_arrival(w.LEA, students["alder"]), _arrival(FAR_LEA, far)),
        "adoption": (_adoption(w.LEA, world), _adoption(FAR_LEA, world)),
        "leaving_batch": (_leavings(w.LEA, world), _leavings(FAR_LEA, world)),
        "pair": (_pair(students["alder"], students["towhee"]), _pair(students["sage"], far)),
        "conflict": (_conflict(w.LEA, students["alder"]), _conflict(FAR_LEA, far)),
        "batch_edit": (_edit(w.LEA, students["yarrow"], world), _edit(FAR_LEA, far, world)),
        "pasted_set": (_pasted(w.LEA, students["yarrow"], world), _pasted(FAR_LEA, far, world)),
        "merge": (_merge(students["alder"], world), _merge(far, world)),
        "role": (_role(w.SELPA), _role(FAR_SELPA)),
        "transfer": (_transfer(world, w.OTHER_LEA, w.LEA), _transfer(world, w.OTHER_LEA, FAR_LEA)),
        "loan": (world.case_manager_grant, add_far_person().grants.get()),
        "record_request": _record_requests(world, students),
        "student_transfer": _student_transfers(students),
        "directory_request": (_directory_request(w.LEA), _directory_request(FAR_LEA)),
        "line": (written.lines.get(), None),
        "participation_report": tuple(
            ParticipationReport.objects.create(
                student=students[name],
                lea_code=lea,
                reason_key="dropped_out",
                reported_at=w.NOON,
                reported_by_id=world.case_manager.pk,
            )
            for name, lea in (("alder", w.LEA), ("far", FAR_LEA))
        ),
    }


def _arrival(lea_code: str, student: Student) -> Arrival:
    return Arrival.objects.create(
        student=student,
        lea_code=lea_code,
        enrolled_on=w.TODAY,
        kind="look",
        evidence={"enrolled_on": w.TODAY.isoformat()},
        found_by="test",
        found_at=w.NOON,
        looked_at=w.NOON,
    )


def _adoption(lea_code: str, world: w.World) -> AdoptionBatch:
    return AdoptionBatch.objects.create(
        public_id=new_public_id(),
        lea_code=lea_code,
        reason="test",
        state="done",
        by_id=world.coordinator.pk,
        grant_id=world.coordinator_grant.pk,
        made_at=w.NOON,
    )


def _leavings(lea_code: str, world: w.World) -> LeavingBatch:
    return LeavingBatch.objects.create(
        public_id=new_public_id(),
        lea_code=lea_code,
        reason_key="dropped_out",
        note="test",
        state="done",
        by_id=world.coordinator.pk,
        grant_id=world.coordinator_grant.pk,
        made_at=w.NOON,
    )


def _due_date(student_id: int, lea_code: str) -> DueDate:
    given = {"last_evaluation_on": "2024-01-08"}
    return DueDate.objects.create(
        student_id=student_id,
        clock="triennial",
        about="stranger",
        lea_code=lea_code,
        given=given,
        started_on=date(2024, 1, 8),
        statutory_due_on=date(2027, 1, 8),
        state_due_on=date(2027, 1, 8),
        due_on=date(2027, 1, 8),
        inputs="v1",
        computed_at=w.NOON,
    )


def _directory_request(lea_code: str) -> DirectoryRequest:
    return DirectoryRequest.objects.create(
        kind="new",
        place="school",
        lea_code=lea_code,
        code="9900777",
        name="Sycamore Middle",
        day=w.TODAY,
        evidence="The state's directory",
        asked_by_id=0,
        asked_at=w.NOON,
    )
