"""Reading accounts and grants, and turning grants into an actor."""

from collections.abc import Iterable, Sequence
from datetime import date

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet

from manzanita.accounts.models import Grant, GrantSchool, GrantStudent, User
from manzanita.domain.access import Actor, Capability, Designation, Scope, View
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency, School
from manzanita.orgs.queries import member_codes
from manzanita.platform import clock


def in_force(on: date) -> Q:
    """Condition on grants: in force on the day ``on``, and not ended by an instant that has passed."""
    return (
        Q(starts_on__lte=on)
        & (Q(ends_on__isnull=True) | Q(ends_on__gte=on))
        & (Q(ends_at__isnull=True) | Q(ends_at__gt=clock.now()))
    )


def is_in_force(grant: Grant, on: date) -> bool:
    """The same of one grant, and its person can sign in."""
    return (
        grant.user.is_active
        and grant.starts_on <= on
        and (grant.ends_on is None or grant.ends_on >= on)
        and (grant.ends_at is None or grant.ends_at > clock.now())
    )


def grants_in_force(user: User, on: date) -> list[Grant]:
    """Grants of ``user`` on the day ``on``, the preferred perspective first. One that was lent counts only while the
    colleague's own is in force."""
    grants = Grant.objects.filter(in_force(on), user=user)
    order = list(PERSPECTIVES)
    return sorted(
        (
            grant
            for grant in grants.select_related(
                "agency", "role", "delegated_from__role", "delegated_from__user"
            )
            if grant.delegated_from is None or is_in_force(grant.delegated_from, on)
        ),
        key=lambda g: (order.index(g.perspective_key), g.agency.name, g.designation, g.pk),
    )


def standings_of(grants: Iterable[Grant]) -> list[list[Grant]]:
    """Grants that act as one: same perspective, agency and designation; in their order."""
    found: dict[tuple[str, int, str], list[Grant]] = {}
    for grant in grants:
        found.setdefault((grant.perspective_key, grant.agency_id, grant.designation), []).append(grant)
    return list(found.values())


def capabilities_of(grant: Grant) -> frozenset[Capability]:
    """What one grant allows: the capabilities of its role, or of its perspective; of a lent one no more than was lent,
    and than its lender has."""
    allowed = PERSPECTIVES[grant.perspective_key].capabilities
    if grant.role is not None:
        allowed = frozenset(Capability(one) for one in grant.role.capabilities)
    if grant.only_capabilities is not None:
        allowed &= {Capability(one) for one in grant.only_capabilities}
    if grant.delegated_from is not None:
        allowed &= capabilities_of(grant.delegated_from)
    return allowed


def actor_of(user: User, *grants: Grant, view: str = "", at_place: tuple[str, str] = ("", "")) -> Actor:
    """The actor that ``user`` is through ``grants`` of one standing; an unknown ``view`` is the perspective's first.
    ``at_place``: code and name of the school, or of a SELPA's district, to which the lists are narrowed.

    What may be done is the union over the grants: a role brings its own capabilities, a plain grant those of the
    perspective. Two queries where the scope needs them (schools; members of a SELPA), else none.
    """
    first = grants[0]
    perspective = PERSPECTIVES[first.perspective_key]
    ids = tuple(grant.pk for grant in grants)
    schools: frozenset[str] = frozenset()
    if perspective.scope is Scope.SCHOOL:
        rows = GrantSchool.objects.filter(grant__in=ids, school__agency=first.agency_id)
        schools = frozenset(rows.values_list("school__code", flat=True))
    agencies = (first.agency.code,)
    if perspective.scope is Scope.SELPA:
        agencies = tuple(member_codes(first.agency.code))
    views = perspective.views
    code, name = at_place
    is_district = perspective.scope is Scope.SELPA and code in agencies
    return Actor(
        user_id=user.pk,
        grant_id=first.pk,
        person_name=user.name,
        perspective=perspective,
        agency_code=first.agency.code,
        agency_name=first.agency.name,
        selpa_code=first.agency.selpa_code,
        grant_ids=ids,
        capabilities=frozenset().union(*(capabilities_of(grant) for grant in grants)),
        agency_codes=agencies,
        npa_id=first.agency.npa_id,
        school_codes=schools,
        at_school="" if is_district else code,
        at_district=code if is_district else "",
        place_name=name,
        view=next((one for one in views if one.value == view), views[0] if views else View.CURRENT),
        designation=Designation(first.designation),
    )


def actor_of_grant_id(
    grant_id: int, on: date, *, view: str = "", at_place: tuple[str, str] = ("", "")
) -> Actor | None:
    """The actor of a grant that is still in force for an active person, else ``None``: a job asks again."""
    grant = Grant.objects.select_related("user").filter(pk=grant_id).first()
    if grant is None or not grant.user.is_active:
        return None
    standing = standing_with(grants_in_force(grant.user, on), grant_id)
    return actor_of(grant.user, *standing, view=view, at_place=at_place) if standing else None


def standing_with(grants: Sequence[Grant], grant_id: object) -> list[Grant]:
    """The standing among ``grants`` that holds the grant ``grant_id``, or an empty list."""
    return next((one for one in standings_of(grants) if any(g.pk == grant_id for g in one)), [])


def schools_within(actor: Actor) -> list[School]:
    """Schools to which the actor may narrow the lists, by name; none where the scope is not one of schools."""
    if actor.perspective.scope not in (Scope.AGENCY, Scope.SELPA, Scope.SCHOOL):
        return []
    found = School.objects.filter(agency__code__in=actor.narrowed.agency_codes)
    if actor.perspective.scope is Scope.SCHOOL:
        found = found.filter(code__in=actor.school_codes)
    return list(found.order_by("name"))


def districts_within(actor: Actor) -> list[Agency]:
    """Districts to which the actor may narrow the lists, by name; none for who is of one."""
    if actor.perspective.scope is not Scope.SELPA:
        return []
    return list(Agency.objects.filter(code__in=actor.agency_codes).order_by("name"))


def colleagues_of(actor: Actor) -> list[User]:
    """Active people with a grant in force at the actor's agencies, by name."""
    here = Grant.objects.filter(
        in_force(clock.today()), agency__code__in={actor.agency_code, *actor.agency_codes}
    )
    return list(User.objects.filter(is_active=True, pk__in=here.values("user_id")).order_by("name", "pk"))


def named_students(actor: Actor) -> QuerySet:
    """Database keys of the students whom the actor's grants name, as a subquery."""
    return GrantStudent.objects.filter(grant__in=actor.grant_ids).values("student_id")


def user_names(ids: set[int]) -> dict[int, str]:
    return dict(user_name_rows(ids))


def user_name_rows(ids: set[int]) -> QuerySet[User, tuple[int, str]]:
    return User.objects.filter(pk__in=ids).values_list("pk", "name")


def people(ids: set[int]) -> dict[int, User]:
    """Accounts by id, also those that were closed; an id without one is left out."""
    return User.objects.in_bulk(ids)


def people_of_agency(code: str) -> list[tuple[int, str]]:
    """Id and name of everybody who has or had a grant at an agency, by name."""
    found = User.objects.filter(grants__agency__code=code).order_by("name", "pk").distinct()
    return list(found.values_list("pk", "name"))


def person_with_email(email: str) -> User | None:
    """Who is known under this address: the account's own, or a further one that was confirmed."""
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is not None or not email:
        return user
    other = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    return other.user if other else None


def people_who_may(capability: Capability, agency_code: str) -> list[User]:
    """Active people who hold the capability at exactly this agency today, by name."""
    grants = Grant.objects.filter(in_force(clock.today()), agency__code=agency_code, user__is_active=True)
    able = {
        grant.user for grant in grants.select_related("user", "role") if capability in capabilities_of(grant)
    }
    return sorted(able, key=lambda user: (user.name, user.pk))
