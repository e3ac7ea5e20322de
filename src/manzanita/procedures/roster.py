"""A roster of people: rows of a spreadsheet, judged one by one, then all good rows taken in at once.

Only name and email are needed where the page gives the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from manzanita.accounts.granting import Refused, Wish, perspectives_given_by, why_not_give
from manzanita.accounts.models import User
from manzanita.accounts.people_queries import (
    account_with,
    agencies_to_grant_at,
    known_accounts,
    namesakes_of,
    schools_of,
)
from manzanita.accounts.person_actions import add_with_grant, grant_to_known
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.names import person_key
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency, School
from manzanita.platform import clock
from manzanita.procedures.assigning import Term, Wanted, apply_assignments, why_not_assign
from manzanita.procedures.roster_rows import Problem, Roster, Row, read_roster
from manzanita.students.caseload import assignable_by_ssid


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for rows that leave a field blank. ``another`` are lines whose namesakes are other people."""

    perspective_key: str = "case_manager"
    school_code: str = ""
    starts_on: date | None = None
    reason: str = "Roster"
    another: frozenset[int] = frozenset()


def judge_roster(actor: Actor, text: str, defaults: Defaults) -> Roster:
    """Read the rows and say of each what it would do, or why it is not taken in."""
    roster = read_roster(text)
    known = _Known(actor)
    emails: dict[str, int] = {}
    names: dict[str, int] = {}
    for row in roster.rows:
        email = row.given["email"].lower()
        if email and email in emails:
            row.problems.append(
                Problem("email", f"Line {emails[email]} has the same address.", "Keep one of the two rows.")
            )
        emails.setdefault(email, row.line)
        name = person_key(row.given["name"])
        _judge(actor, row, defaults, known)
        if name in names and row.user is None and not row.is_namesake:
            row.is_namesake, row.namesakes = True, f"line {names[name]}"
            if row.line not in defaults.another:
                row.problems.append(
                    Problem(
                        "name",
                        f"Line {names[name]} has the same name with another address.",
                        "Tick “another person” if it is one; else keep one of the two rows.",
                    )
                )
        names.setdefault(name, row.line)
    return roster


# What schools call them in their own lists of staff.
AT_SCHOOLS = {
    "principal": "school",
    "assistant principal": "school",
    "psychologist": "site_provider",
    "school psychologist": "site_provider",
    "nurse": "site_provider",
    "school nurse": "site_provider",
    "teacher": "case_manager",
    "special education teacher": "case_manager",
    "education specialist": "case_manager",
    "rsp": "case_manager",
    "sdc": "case_manager",
}


class _Known:
    """What the rows are held against, read once."""

    def __init__(self, actor: Actor) -> None:
        self.agencies = {agency.code: agency for agency in agencies_to_grant_at(actor)}
        self.schools: dict[str, School] = {one.code: one for one in schools_of(self.agencies.values())}
        self.perspectives = {
            **{one.label.lower(): one.key for one in PERSPECTIVES.values()},
            **{one.key: one.key for one in PERSPECTIVES.values()},
            **AT_SCHOOLS,
        }
        self.own = self.agencies.get(actor.agency_code)
        self.given = {one.key for one in perspectives_given_by(actor)}


def _judge(actor: Actor, row: Row, defaults: Defaults, known: _Known) -> None:
    def wrong(column: str, text: str, fix: str) -> None:
        row.problems.append(Problem(column, text, fix))

    given = row.given
    if not given["name"]:
        wrong("name", "The name is missing.", "Write first and last name.")
    elif len(given["name"]) > 120:
        wrong("name", "The name is longer than 120 letters.", "Shorten it.")
    try:
        validate_email(given["email"])
    except ValidationError:
        wrong(
            "email",
            f"“{given['email']}” is no e-mail address." if given["email"] else "The address is missing.",
            "Write it as name@example.org.",
        )
    key = known.perspectives.get(given["perspective"].lower() or defaults.perspective_key, "")
    if not key:
        labels = ", ".join(PERSPECTIVES[one].label for one in PERSPECTIVES if one in known.given)
        wrong("perspective", f"There is no perspective “{given['perspective']}”.", f"Write one of: {labels}.")
    starts_on = _day(given["starts_on"], "starts_on", wrong) or defaults.starts_on or clock.today()
    ends_on = _day(given["ends_on"], "ends_on", wrong)
    agency = _agency(given, known, wrong)
    schools = _schools(given, key, defaults, known, wrong)
    if agency is None or row.problems:
        return
    row.user = account_with(given["email"])
    if row.user is not None and person_key(row.user.name) != person_key(given["name"]):
        wrong(
            "email",
            f"The address belongs to the account of {row.user.name}.",
            "Correct the name or the address.",
        )
    _look_for_namesakes(actor, row, defaults, wrong)
    row.wish = Wish(
        user_id=row.user.pk if row.user else None,
        perspective_key=key,
        agency=agency,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=defaults.reason,
        schools=schools,
    )
    columns = {
        "no-school": "schools",
        "school-of-another": "schools",
        "too-long": "ends_on",
        "ends-before-start": "ends_on",
        "over-already": "ends_on",
    }
    for reason in why_not_give(actor, row.wish, today=clock.today()):
        wrong(columns.get(reason.code, "perspective"), reason.text, reason.way_out)
    row.students = _students(actor, given, wrong)
    row.outcome = _outcome(actor, row)


def _day(text: str, column: str, wrong: Callable[[str, str, str], None]) -> date | None:
    if not text:
        return None
    for pattern in ("%m/%d/%Y", "%Y-%m-%d", "%m/%d/%y"):
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    wrong(column, f"“{text}” is no day.", "Write it as 08/13/2026.")
    return None


def _agency(given: Mapping[str, str], known: _Known, wrong: Callable[[str, str, str], None]) -> Agency | None:
    if not given["agency"]:
        if known.own is None or known.own.kind == "selpa":
            wrong("agency", "The district is missing.", "Write its state code in the column agency.")
            return None
        return known.own
    agency = known.agencies.get(given["agency"])
    if agency is None:
        wrong("agency", f"“{given['agency']}” is no agency whose people you manage.", "Write its state code.")
    return agency


def _schools(
    given: Mapping[str, str],
    key: str,
    defaults: Defaults,
    known: _Known,
    wrong: Callable[[str, str, str], None],
) -> tuple[School, ...]:
    """Schools by code or by name; for a perspective of schools the one that the page gives, if there is none."""
    if key not in PERSPECTIVES or PERSPECTIVES[key].scope is not Scope.SCHOOL:
        return ()
    text = given["schools"] or defaults.school_code
    by_name = {school.name.lower(): school for school in known.schools.values()}
    if text.lower() in by_name:
        return (by_name[text.lower()],)
    found = []
    for code in text.replace(",", " ").replace(";", " ").replace("|", " ").split():
        if code in known.schools:
            found.append(known.schools[code])
        else:
            wrong(
                "schools",
                f"“{code}” is no school of yours.",
                "Write state codes of schools, with blanks between.",
            )
    return tuple(found)


def _look_for_namesakes(
    actor: Actor, row: Row, defaults: Defaults, wrong: Callable[[str, str, str], None]
) -> None:
    if row.user is not None:
        return
    found = known_accounts(actor, namesakes_of(row.given["name"]))
    if not found:
        return
    row.is_namesake = True
    row.namesakes = "; ".join(
        f"{one.name}, {', '.join(f'{label} at {agency}' for agency, label in one.works_at) or 'no perspective now'}"
        for one in found
    )
    if row.line not in defaults.another:
        wrong(
            "name",
            f"There is an account of this name: {row.namesakes}.",
            "Tick “another person” if it is one; else use that account's address.",
        )


def _students(
    actor: Actor, given: Mapping[str, str], wrong: Callable[[str, str, str], None]
) -> tuple[str, ...]:
    """SSIDs in the actor's reach; an unknown one and one out of reach look the same."""
    wanted = tuple(dict.fromkeys(given["students"].replace(",", " ").replace(";", " ").split()))
    if not wanted:
        return ()
    for reason in why_not_assign(actor, Term(clock.today())):
        wrong("students", reason.text, reason.way_out)
        return ()
    found = len(assignable_by_ssid(actor, wanted))
    if found != len(wanted):
        wrong(
            "students",
            f"{len(wanted) - found} of {len(wanted)} SSIDs are of no student who attends here now.",
            "Correct or leave them out.",
        )
    return wanted


def _outcome(actor: Actor, row: Row) -> str:
    if row.user is None:
        words = "New account"
    elif not row.user.is_active:
        row.problems.append(
            Problem("email", "The account is closed.", "Open it again on the person's page first.")
        )
        return ""
    else:
        (account,) = known_accounts(actor, [row.user])
        at = ", ".join(sorted({agency for agency, _ in account.works_at}))
        words = f"Has an account ({at})" if at else "Has an account"
    if row.wish is not None and row.given["perspective"].lower() in AT_SCHOOLS:
        words += f", as {PERSPECTIVES[row.wish.perspective_key].label}"
    if row.students:
        words += f", gets {len(row.students)} students"
    if row.wish is not None and row.given["schools"] and not row.wish.schools:
        words += ". The school is not kept: who has this perspective reaches students by assignment"
    return words


@dataclass(frozen=True, slots=True)
class RosterTaken:
    """What was done: how many people and students, who has a new account; and the rows that were not taken in."""

    people: int
    accounts: Sequence[User]
    students: int
    bad: Sequence[Row]


@transaction.atomic
def take_roster(*, actor: Actor, text: str, defaults: Defaults) -> RosterTaken:
    """Take in every good row in one transaction. Taking the same rows in again changes nothing new."""
    roster = judge_roster(actor, text, defaults)
    people = students = 0
    accounts: list[User] = []
    for row in roster.good:
        if row.wish is None:
            continue
        try:
            with transaction.atomic():
                is_new, moved = _take(actor, row)
        except Refused as refused:
            row.problems += [Problem("whole row", one.text, one.way_out) for one in refused.reasons]
            continue
        people, students = people + 1, students + moved
        if is_new and row.user is not None:
            accounts.append(row.user)
    return RosterTaken(people, accounts, students, roster.bad)


def _take(actor: Actor, row: Row) -> tuple[bool, int]:
    assert row.wish is not None
    is_new = row.user is None
    if row.user is None:
        row.user = add_with_grant(
            actor=actor,
            email=row.given["email"],
            name=row.given["name"],
            wish=row.wish,
            is_another_person=row.is_namesake,
        )
    else:
        grant_to_known(actor=actor, user=row.user, wish=row.wish)
    if not row.students or not actor.may(Capability.ASSIGN_STUDENTS):
        return is_new, 0
    found = assignable_by_ssid(actor, row.students)
    wanted = [Wanted(str(one.public_id), "assignment", row.user.pk, is_seen=False) for one in found]
    try:
        applied = apply_assignments(
            actor=actor,
            wanted=wanted,
            term=Term(max(clock.today(), row.wish.starts_on or clock.today())),
            title=f"Roster: students of {row.user.name}",
        )
    except Refused as refused:
        if {one.code for one in refused.reasons} == {"has-it-already"}:
            return is_new, 0
        raise
    return is_new, len(applied.done)
