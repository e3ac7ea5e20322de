"""Writing accounts and grants."""

from datetime import date

from django.db import transaction

from manzanita.accounts.models import Grant, User
from manzanita.orgs.models import Agency


@transaction.atomic
def add_person(*, email: str, name: str, password: str | None) -> User:
    """The account with this e-mail, made if there is none. An existing account keeps its name and password."""
    user = User.objects.filter(email=email.lower()).first()
    return user or User.objects.create_user(email=email, name=name, password=password)


def grant_perspective(
    *, user: User, perspective_key: str, agency: Agency, starts_on: date, by: User | None, reason: str
) -> Grant:
    """Give ``user`` a perspective at an agency; giving it again changes nothing."""
    grant, _ = Grant.objects.get_or_create(
        user=user,
        perspective_key=perspective_key,
        agency=agency,
        ends_on=None,
        defaults={"starts_on": starts_on, "granted_by": by, "reason": reason},
    )
    return grant
