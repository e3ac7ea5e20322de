"""Building the demo: the files of a fictitious SELPA, taken in the way a district would take in its own."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from allauth.mfa.totp.internal.auth import generate_totp_secret

from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.accounts.second_factor import enroll_totp, needs_second_factor
from manzanita.domain.access import Actor
from manzanita.domain.layouts.files import read_record_file
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting
from manzanita.meetings.answer_actions import record_decision, save_answer
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import proposal_of
from manzanita.orgs.actions import load_orgs
from manzanita.orgs.queries import agency_by_code
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.platform.reach import whole_installation
from manzanita.procedures.demo_calendars import begin_evaluations, list_demo_supplies, load_demo_calendars
from manzanita.procedures.demo_directory import ask_demo_directory, record_demo_agreements
from manzanita.procedures.demo_movers import SSIDS as MOVERS_SSIDS
from manzanita.procedures.demo_movers import add_morning
from manzanita.procedures.demo_people import add_demo_people, load_demo_directory
from manzanita.procedures.finalize import finalize_meeting
from manzanita.procedures.import_sis import take_in_sis_files
from manzanita.procedures.people import load_people
from manzanita.procedures.take_over import take_over_extracts
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from manzanita.students.queries import facts_of, students_by_ssid
from manzanita.students.scope import visible_to

# Of the named demo students: the one whose case manager signs in, and the one with a late meeting under way.
PLAIN_ANNUAL_SSID = "9900000001"
LATE_MEETING_SSID = "9900000002"
# The eleven: each tells its own story, so no other review is held for them.
DEMO_SSIDS = [str(9900000000 + number) for number in range(1, 12)]
PARTIAL_CONSENT_SSID = "9900000010"
# The state merged the first of these into the second on the day.
RETIRED_SSID, MERGED_SSID, MERGED_ON = "9800000011", "9900000011", date(2026, 10, 12)
REVIEWS_HELD = 3
# The district that asks ours for a student.
NEIGHBOR = "9910025"
EXTRACTS = ("ODS_SWDS.txt", "ODS_MEET.txt", "ODS_PLAN.txt", "ODS_SERV.txt")
SIS_FILES = ("SIS_SENR.txt", "SIS_SINF.txt")
# Without letters and digits that are taken for one another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One account of the demo, as the terminal prints it."""

    perspective: str
    email: str
    password: str
    agency: str
    # Of the authenticator app, where the perspective needs a second factor.
    totp_key: str


@whole_installation("it builds every district of a SELPA")
def build_demo(files: Path, today: date) -> list[SignIn]:
    """Take in everything in ``files`` and return one sign-in per perspective, and the neighbor's.

    Raises ``ValueError`` where the files lack what the demo needs.
    """
    staff = _staff_who_sign_in(files / "people.csv")
    passwords = {row["email"]: _password() for row in staff}
    load_orgs(files / "orgs.csv")
    leas = _leas(files / "orgs.csv")
    load_demo_calendars(files, leas)
    list_demo_supplies(leas)
    for lea_code in leas:
        # Each district takes in its own lines, so that each has a run to look at.
        take_in_sis_files([files / name for name in SIS_FILES], lea_code=lea_code, by_id=None)
    take_over_extracts([read_record_file(files / name) for name in EXTRACTS], by_id=None)
    load_people(files / "people.csv", as_of=today, passwords=passwords)
    with (files / "people.csv").open(encoding="utf-8", newline="") as file:
        load_demo_directory(csv.DictReader(file))
    add_demo_people()
    sign_ins = [
        SignIn(
            PERSPECTIVES[row["role"]].label,
            row["email"],
            passwords[row["email"]],
            agency_by_code(row["agency"]).name,
            _authenticator_app(row["email"], today),
        )
        for row in staff
    ]
    case_manager = next(row for row in staff if row["role"] == "case_manager")
    actor = _actor_of(case_manager["email"], today)
    _remember_retired_ssid()
    _open_late_meeting(actor)
    _agree_in_part(actor)
    _finalize_reviews(actor, today)
    record_demo_agreements(
        files / "agreements.csv",
        lambda code: _actor_of(_coordinator_of(files / "people.csv", code)["email"], today),
    )
    coordinator = _actor_of(staff[0]["email"], today)
    ask_demo_directory(coordinator)
    begin_evaluations(coordinator, besides=students_by_ssid([*DEMO_SSIDS, *MOVERS_SSIDS]).values())
    neighbor = _actor_of(_coordinator_of(files / "people.csv", NEIGHBOR)["email"], today)
    add_morning(coordinator=coordinator, neighbor=neighbor, teacher=actor)
    return sign_ins


def _coordinator_of(people: Path, lea_code: str) -> Mapping[str, str]:
    with people.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return next(row for row in rows if row["role"] == "coordinator" and row["agency"] == lea_code)


def _actor_of(email: str, today: date) -> Actor:
    user = User.objects.get(email=email)
    (grant, *_) = grants_in_force(user, today)
    return actor_of(user, grant)


def _authenticator_app(email: str, today: date) -> str:
    """Set an authenticator app up for whom a grant obliges to one; its key, or empty."""
    user = User.objects.get(email=email)
    if not needs_second_factor(grants_in_force(user, today)):
        return ""
    key = generate_totp_secret()
    enroll_totp(user=user, secret=key)
    return key


def _leas(orgs: Path) -> list[str]:
    with orgs.open(encoding="utf-8", newline="") as file:
        return [row["code"] for row in csv.DictReader(file) if row["kind"] in ("lea", "coe")]


def _staff_who_sign_in(people: Path) -> list[Mapping[str, str]]:
    """The coordinator and the case manager of the plain demo student, then the first of each other perspective; last
    the coordinator of the district next door, so that both sides of a transfer can be seen."""
    with people.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_person = {row["person_id"]: row for row in rows if row["kind"] == "staff"}
    assigned = [row for row in rows if row["kind"] == "assignment" and row["ssid"] == PLAIN_ANNUAL_SSID]
    if not assigned:
        raise ValueError(f"{people.name}: nobody is assigned to {PLAIN_ANNUAL_SSID}")
    case_manager = by_person[assigned[0]["person_id"]]
    coordinator = next(
        row
        for row in by_person.values()
        if row["role"] == "coordinator" and row["agency"] == case_manager["agency"]
    )
    others: dict[str, Mapping[str, str]] = {}
    for row in by_person.values():
        if row["role"] not in ("coordinator", "case_manager"):
            others.setdefault(row["role"], row)
    return [coordinator, case_manager, *others.values(), _coordinator_of(people, NEIGHBOR)]


def _password() -> str:
    """Four groups of four letters, new for each demo: there is no password that everybody knows."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def _open_late_meeting(actor: Actor) -> None:
    """The late demo student has a meeting under way, and it is not held yet."""
    open_meeting(actor=actor, student=_student(LATE_MEETING_SSID), event=EVENTS["triennial"])


def _student(ssid: str) -> Student:
    return Student.unscoped.get(pk=students_by_ssid([ssid])[ssid])


def _remember_retired_ssid() -> None:
    """The files of today name the SSID that stands; which one it took the place of is known from before."""
    student = _student(MERGED_SSID)
    since = facts_of(student).ssids[0].effective_from
    slot = {"student_id": student.pk}
    state_student_facts(
        "ssid",
        [Statement(slot, {"ssid": RETIRED_SSID}, since, MERGED_ON - timedelta(days=1))],
        by_id=None,
        cause="demo",
    )


def _agree_in_part(actor: Actor) -> None:
    """A review in which the family agreed to speech, and to neither occupational therapy nor behavior services."""
    student, held_on, decided_on = _student(PARTIAL_CONSENT_SSID), date(2026, 10, 6), date(2026, 10, 13)
    meeting = open_meeting(actor=actor, student=student, event=EVENTS["annual"])
    facts = facts_of(student)
    first_new = max(service.service_no for service in facts.services) + 1
    offered = {"415": "40", "450": "30", "535": "60"}
    for number, (code, minutes) in enumerate(offered.items(), start=first_new):
        values = {
            "offer": "add",
            "25.11": code,
            "25.12": "100",
            "25.13": "510",
            "25.14": "20",
            "25.15": minutes,
        }
        for name, value in values.items():
            save_answer(
                actor=actor,
                meeting=meeting,
                field_key=f"service.{number}.{name}",
                value=value,
                seen_revision=0,
            )
    hold_meeting(actor=actor, meeting=meeting, held_on=held_on)
    meeting.refresh_from_db()
    declined = {f"service.{first_new + 1}", f"service.{first_new + 2}"}
    _answer(actor, meeting, decided_on, declined=declined)
    finalize_meeting(actor=actor, meeting=meeting)


def _answer(actor: Actor, meeting: Meeting, decided_on: date, *, declined: Collection[str] = ()) -> None:
    """The rights holder's answer to every item; agreed but for the keys in ``declined``."""
    today, facts = clock.today(), facts_of(meeting.student)
    deciders = facts.rights_on(decided_on).decides
    for item in proposal_of(meeting, facts.plan_on(today), facts.services_on(today)).items:
        record_decision(
            actor=actor,
            meeting=meeting,
            item_key=item.key,
            is_agreed=item.key not in declined,
            decided_by=deciders[0].name if deciders else "Parent",
            decided_on=decided_on,
        )


def _finalize_reviews(actor: Actor, today: date) -> None:
    """Some reviews of the case manager were held three days ago, so that there is something to send."""
    held_on = today - timedelta(days=3)
    kept = students_by_ssid(DEMO_SSIDS).values()
    due = visible_to(actor).exclude(pk__in=kept).filter(plan_review_due_on__lte=today + timedelta(days=60))
    # A plan cannot start on the day or before the one that it follows.
    older = (s for s in due.order_by("plan_review_due_on", "pk") if _plan_began_before(s, held_on))
    for student in islice(older, REVIEWS_HELD):
        meeting = open_meeting(actor=actor, student=student, event=EVENTS["annual"])
        is_late = held_on > student.plan_review_due_on
        hold_meeting(actor=actor, meeting=meeting, held_on=held_on, delay_code="20" if is_late else "")
        meeting.refresh_from_db()
        _answer(actor, meeting, held_on)
        finalize_meeting(actor=actor, meeting=meeting)


def _plan_began_before(student: Student, day: date) -> bool:
    plan = facts_of(student).plan_on(clock.today())
    return plan is not None and plan.effective_from < day
