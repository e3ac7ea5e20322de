"""Reading accounts and grants, and turning a grant into an actor."""

from datetime import date

from allauth.account.models import EmailAddress
from django.db.models import Q

from manzanita.accounts.models import Grant, User
from manzanita.domain.access import PERSPECTIVES, Actor


def grants_in_force(user: User, on: date) -> list[Grant]:
    """Grants of ``user`` on the day ``on``, widest perspective first."""
    grants = Grant.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on), user=user, starts_on__lte=on)
    order = list(PERSPECTIVES)
    return sorted(
        grants.select_related("agency"), key=lambda g: (order.index(g.perspective_key), g.agency.name, g.pk)
    )


def actor_of(user: User, grant: Grant) -> Actor:
    """The actor that ``user`` is through ``grant``."""
    return Actor(
        user_id=user.pk,
        grant_id=grant.pk,
        person_name=user.name,
        perspective=PERSPECTIVES[grant.perspective_key],
        agency_code=grant.agency.code,
        agency_name=grant.agency.name,
        selpa_code=grant.agency.selpa_code,
    )


def actor_of_grant_id(grant_id: int, on: date) -> Actor | None:
    """The actor of a grant that is still in force for an active person, else ``None``: a job asks again."""
    grant = Grant.objects.select_related("agency", "user").filter(pk=grant_id).first()
    if (
        grant is None
        or not grant.user.is_active
        or not any(g.pk == grant.pk for g in grants_in_force(grant.user, on))
    ):
        return None
    return actor_of(grant.user, grant)


def user_names(ids: set[int]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))


def person_with_email(email: str) -> User | None:
    """Who is known under this address: the account's own, or a further one that was confirmed."""
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is not None or not email:
        return user
    other = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    return other.user if other else None
