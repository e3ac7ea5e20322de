"""Writing accounts and grants."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction

from manzanita.accounts.models import Grant, GrantSchool, GrantStudent, Role, User
from manzanita.accounts.queries import person_with_email
from manzanita.accounts.sessions import end_sessions
from manzanita.auditing.actions import Reader, log_change
from manzanita.domain.access import Designation, Scope
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency, School
from manzanita.platform import clock


@transaction.atomic
def add_person(*, email: str, name: str, password: str | None) -> User:
    """The account with this e-mail, made if there is none. An existing account keeps its name and password."""
    user = person_with_email(email)
    return user or User.objects.create_user(email=email, name=name, password=password)


@transaction.atomic
def grant_perspective(
    *,
    user: User,
    perspective_key: str,
    agency: Agency,
    starts_on: date,
    by: User | None,
    reason: str,
    ends_on: date | None = None,
    ends_at: datetime | None = None,
    role: Role | None = None,
    designation: Designation = Designation.SPECIAL_EDUCATION,
    schools: Iterable[School] = (),
    student_ids: Iterable[int] = (),
    managed_by_code: str = "",
) -> Grant:
    """Give ``user`` a perspective at an agency; giving the same open grant again only adds its schools and students.

    Raises ``ValueError`` where the perspective cannot be held like this: at an agency of that kind, for that
    designation, without its schools or students, or for longer than it may last. Who may give it is decided by the
    caller (``accounts.granting``).
    """
    perspective = PERSPECTIVES[perspective_key]
    if agency.kind not in perspective.agency_kinds:
        raise ValueError(f"{perspective.label} cannot be held at a {agency.get_kind_display()}")
    if designation not in perspective.designations:
        raise ValueError(f"{perspective.label} is not for {designation.value}")
    if perspective.longest_days is not None:
        longest = starts_on + timedelta(days=perspective.longest_days)
        if ends_on is None or ends_on > longest:
            raise ValueError(f"{perspective.label} lasts {perspective.longest_days} days at most")
    schools, student_ids = list(schools), list(student_ids)
    if perspective.scope is Scope.SCHOOL and not schools:
        raise ValueError(f"{perspective.label} is given for one school or more")
    if any(school.agency_id != agency.pk for school in schools):
        raise ValueError("a school of another agency")
    if perspective.scope is Scope.NAMED and not student_ids:
        raise ValueError(f"{perspective.label} is given for named students")
    grant, _ = Grant.objects.get_or_create(
        user=user,
        perspective_key=perspective_key,
        agency=agency,
        designation=designation.value,
        role=role,
        ends_on=ends_on,
        ends_at=ends_at,
        managed_by_code=managed_by_code,
        delegated_from=None,
        defaults={"starts_on": starts_on, "granted_by": by, "reason": reason},
    )
    GrantSchool.objects.bulk_create(
        [GrantSchool(grant=grant, school=school) for school in schools], ignore_conflicts=True
    )
    GrantStudent.objects.bulk_create(
        [GrantStudent(grant=grant, student_id=pk) for pk in dict.fromkeys(student_ids)], ignore_conflicts=True
    )
    return grant


@transaction.atomic
def disable_person(*, user: User, by: Reader | None, reason: str) -> int:
    """Close the account of somebody who leaves: no sign-in any more, every grant and every session ends at this moment;
    how many sessions that were.

    Whether it may be done is decided by the caller (``accounts.person_actions``).
    """
    today, now = clock.today(), clock.now()
    user.is_active = False
    user.save(update_fields=["is_active"])
    for grant in Grant.objects.select_for_update().filter(user=user, ends_at__isnull=True):
        if grant.ends_on is not None and grant.ends_on < today:
            continue
        # A grant that had not begun ends on its first day, and was never in force.
        grant.ends_on, grant.ends_at = max(today, grant.starts_on), now
        grant.save(update_fields=["ends_on", "ends_at"])
    ended = end_sessions(user)
    log_change(actor=by, action="disable_person", subject=user, reason=reason, detail={"sessions": ended})
    return ended
