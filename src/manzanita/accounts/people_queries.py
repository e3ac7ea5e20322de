"""Reading people for those who manage them: who is within the actor's agencies, and no more than that of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.http import Http404

from manzanita.accounts.granting import Wish, managed_codes
from manzanita.accounts.models import AccountClosure, Grant, OtherEmail, Role, User
from manzanita.accounts.queries import capabilities_of, in_force, is_in_force
from manzanita.domain.access import Actor, Capability, Perspective
from manzanita.domain.names import name_words, person_key
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency, School
from manzanita.platform import clock

PAGE_SIZE = 50
DORMANT_AFTER = timedelta(days=365)
WARNED_BEFORE = timedelta(days=30)


def managed_grants(actor: Actor) -> QuerySet[Grant]:
    """Grants at the actor's agencies, and those that the agencies gave at others; past ones too."""
    codes = managed_codes(actor)
    return Grant.objects.filter(Q(agency__code__in=codes) | Q(managed_by_code__in=codes))


def people_within(actor: Actor) -> QuerySet[User]:
    """People who have or had a perspective that the actor manages."""
    return User.objects.filter(Exists(managed_grants(actor).filter(user=OuterRef("pk"))))


def get_person(actor: Actor, person_id: int) -> User:
    """The person with this key among those the actor manages, or 404."""
    person = people_within(actor).filter(pk=person_id).first()
    if person is None:
        raise Http404("no such person in this scope")
    return person


def get_managed_grant(actor: Actor, grant_id: int) -> Grant:
    grant = managed_grants(actor).select_related("user", "agency", "role").filter(pk=grant_id).first()
    if grant is None:
        raise Http404("no such grant in this scope")
    return grant


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a people list asks for. ``state``: ``""`` (now or to come), ``invited`` (has not followed the invitation),
    ``ended``, ``dormant``, ``closed``."""

    perspective: str = ""
    school: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person with the grants that the actor manages, in force or to come first."""

    person: User
    grants: Sequence[Grant]
    schools: Sequence[str]
    is_ended: bool
    closes_on: date | None


@dataclass(frozen=True, slots=True)
class PeoplePage:
    rows: list[PersonRow]
    after: int | None


def list_people(actor: Actor, wanted: Wanted, *, after: int | None = None) -> PeoplePage:
    """One page by name; four queries for any number of people. Raises ``Http404`` for a page that there is not."""
    today = clock.today()
    grants = managed_grants(actor)
    standing = _not_over(today)
    if wanted.state == "ended":
        people = people_within(actor).exclude(Exists(grants.filter(standing, user=OuterRef("pk"))))
        chosen = grants
    elif wanted.state == "closed":
        people, chosen = people_within(actor).filter(is_active=False), grants
    else:
        chosen = grants.filter(standing)
        people = User.objects.filter(Exists(chosen.filter(user=OuterRef("pk"))))
        if wanted.state == "invited":
            people = people.filter(
                is_active=True,
                invited_at__isnull=False,
                last_login__isnull=True,
                password__startswith=UNUSABLE_PASSWORD_PREFIX,
            )
        if wanted.state == "dormant":
            people = people.filter(
                is_active=True, pk__in=_last_seen_before(today - DORMANT_AFTER + WARNED_BEFORE, people)
            )
    if wanted.perspective:
        people = people.filter(Exists(chosen.filter(user=OuterRef("pk"), perspective_key=wanted.perspective)))
    if wanted.school:
        people = people.filter(
            Exists(chosen.filter(user=OuterRef("pk"), schools__school__code=wanted.school))
        )
    if wanted.text:
        people = people.filter(_means(wanted.text))
    if after is not None:
        last = User.objects.filter(pk=after).first()
        if last is None:
            raise Http404("no such page")
        people = people.filter(Q(name__gt=last.name) | Q(name=last.name, pk__gt=last.pk))
    found = list(people.order_by("name", "pk")[: PAGE_SIZE + 1])
    rows = _rows(actor, found[:PAGE_SIZE], today)
    return PeoplePage(rows, found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None)


def _not_over(today: date) -> Q:
    """In force, or to come."""
    return (Q(ends_on__isnull=True) | Q(ends_on__gte=today)) & (
        Q(ends_at__isnull=True) | Q(ends_at__gt=clock.now())
    )


def _means(text: str) -> Q:
    """An address, or the beginning of each word of a name in any order."""
    if "@" in text:
        address = text.strip().lower()
        known = OtherEmail.objects.filter(user=OuterRef("pk"), email=address)
        return Q(email__startswith=address) | Q(Exists(known))
    meaning = Q()
    for word in name_words(text):
        meaning &= Q(name_key__contains=f" {word}") | Q(email__startswith=word)
    return meaning


def _rows(actor: Actor, people: Sequence[User], today: date) -> list[PersonRow]:
    by_user: dict[int, list[Grant]] = defaultdict(list)
    order = list(PERSPECTIVES)
    for grant in (
        managed_grants(actor)
        .filter(user__in=[person.pk for person in people])
        .select_related("agency", "role")
        .prefetch_related("schools__school")
    ):
        by_user[grant.user_id].append(grant)
    seen = last_seen_on(User.objects.filter(pk__in=[person.pk for person in people]))
    rows = []
    for person in people:
        grants = sorted(
            by_user[person.pk], key=lambda g: (is_over(g, today), order.index(g.perspective_key), g.starts_on)
        )
        live = [grant for grant in grants if not is_over(grant, today)]
        schools = {one.school.name for grant in live for one in grant.schools.all()}
        last = seen.get(person.pk)
        closes_on = last + DORMANT_AFTER if last and person.is_active else None
        rows.append(
            PersonRow(
                person,
                live or grants[-1:],
                sorted(schools),
                not live,
                closes_on if closes_on and closes_on - today <= WARNED_BEFORE else None,
            )
        )
    return rows


def is_over(grant: Grant, today: date) -> bool:
    return (grant.ends_on is not None and grant.ends_on < today) or (
        grant.ends_at is not None and grant.ends_at <= clock.now()
    )


def last_seen_on(people: QuerySet[User]) -> dict[int, date]:
    """Per person the day from which the year without a sign-in counts: the last sign-in, or where that is later or
    there was none, the day of the newest grant's beginning, of the account, or of its being opened again."""
    users = people.order_by().annotate(
        granted_on=Max("grants__starts_on", filter=Q(grants__starts_on__lte=clock.today())),
        reopened_at=Max("closures__reopened_at"),
    )
    found = {}
    for user in users:
        days = [
            user.added_on,
            user.granted_on,
            *(at.astimezone(clock.CALIFORNIA).date() for at in (user.last_login, user.reopened_at) if at),
        ]
        known = [day for day in days if day is not None]
        if known:
            found[user.pk] = max(known)
    return found


def _last_seen_before(day: date, people: QuerySet[User]) -> list[int]:
    """Keys of those of ``people`` who are active and of whom nothing was seen after ``day``."""
    quiet = people.filter(
        Q(last_login__isnull=True) | Q(last_login__date__lte=day),
        Q(added_on__isnull=True) | Q(added_on__lte=day),
        is_active=True,
    )
    return [pk for pk, last in last_seen_on(quiet).items() if last <= day]


def planned_closures(today: date) -> list[AccountClosure]:
    """Accounts whose last day has passed and that are still open."""
    rows = AccountClosure.objects.filter(
        closed_at__isnull=True, reopened_at__isnull=True, closes_on__lt=today
    )
    return list(rows.select_related("user").order_by("pk"))


def dormant_ids(today: date) -> list[int]:
    """Keys of active people without a sign-in for a year."""
    return _last_seen_before(today - DORMANT_AFTER, User.objects.all())


# Accounts that exist already, anywhere


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What is told of an account wherever it works: the name, the agencies with the perspectives; no students.

    ``is_managed``: the actor manages the person, so that the person's page is theirs.
    """

    user_id: int
    name: str
    is_active: bool
    works_at: Sequence[tuple[str, str]]
    agencies: Sequence[Agency]
    is_managed: bool


def account_with(email: str) -> User | None:
    """The account that is known by this address, its own or a further one."""
    address = email.strip().lower()
    user = User.objects.filter(email=address).first()
    if user is None:
        other = OtherEmail.objects.select_related("user").filter(email=address).first()
        user = other.user if other else None
    return user


def namesakes_of(name: str, *, but: int | None = None) -> list[User]:
    """Accounts whose name has the same words, whatever their order, accents and initials; at most ten."""
    key = person_key(name)
    if not key:
        return []
    return list(User.objects.filter(name_key=key).exclude(pk=but).order_by("pk")[:10])


def known_accounts(actor: Actor, users: Sequence[User]) -> list[KnownAccount]:
    today = clock.today()
    grants = Grant.objects.filter(_not_over(today), user__in=users, delegated_from__isnull=True)
    by_user: dict[int, list[Grant]] = defaultdict(list)
    for grant in grants.select_related("agency", "role").order_by("agency__name", "pk"):
        by_user[grant.user_id].append(grant)
    managed = set(
        people_within(actor).filter(pk__in=[user.pk for user in users]).values_list("pk", flat=True)
    )
    return [
        KnownAccount(
            user.pk,
            user.name,
            user.is_active,
            [(grant.agency.name, grant.perspective_label) for grant in by_user[user.pk]],
            list({grant.agency_id: grant.agency for grant in by_user[user.pk]}.values()),
            user.pk in managed,
        )
        for user in users
    ]


# Grants


def overlapping_grants(user: User, wish: Wish, managed_by_code: str) -> list[Grant]:
    """Grants of the same thing to the same person that hold on some day of the wish and are not over."""
    same = Grant.objects.filter(
        _not_over(clock.today()),
        user=user,
        perspective_key=wish.perspective_key,
        agency=wish.agency,
        role=wish.role,
        managed_by_code=managed_by_code,
        delegated_from__isnull=True,
    ).filter(Q(ends_on__isnull=True) | Q(ends_on__gte=wish.starts_on))
    if wish.ends_on is not None:
        same = same.filter(starts_on__lte=wish.ends_on)
    return list(same.select_related("agency", "role").prefetch_related("schools").order_by("pk"))


def others_who_keep(grant: Grant, *, after: date) -> int:
    """How many further grants like this go on beyond the day ``after``, of people who can sign in and manage people."""
    rows = Grant.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=after),
        agency=grant.agency_id,
        perspective_key=grant.perspective_key,
        starts_on__lte=after + timedelta(days=1),
        ends_at__isnull=True,
        delegated_from__isnull=True,
        user__is_active=True,
    ).exclude(pk=grant.pk)
    return sum(Capability.MANAGE_PEOPLE in capabilities_of(one) for one in rows.select_related("role"))


def colleagues_of(grant: Grant) -> QuerySet[User]:
    """Active people with a perspective of their own at the grant's agency today, but its holder; by name."""
    today = clock.today()
    own = Grant.objects.filter(in_force(today), agency=grant.agency_id, delegated_from__isnull=True)
    return (
        User.objects.filter(Exists(own.filter(user=OuterRef("pk"))), is_active=True)
        .exclude(pk=grant.user_id)
        .order_by("name", "pk")
    )


def own_grants(actor: Actor) -> list[Grant]:
    """The actor's own grants in force, whichever perspective is in use."""
    rows = Grant.objects.filter(in_force(clock.today()), user=actor.user_id, delegated_from__isnull=True)
    return list(rows.select_related("agency", "role", "user").order_by("pk"))


def lent_by(user_id: int) -> list[Grant]:
    rows = Grant.objects.filter(in_force(clock.today()), delegated_from__user=user_id)
    return list(rows.select_related("agency", "role", "user").order_by("ends_on", "pk"))


def agencies_to_grant_at(actor: Actor) -> list[Agency]:
    """The agencies at which the actor may give something: the own ones, then those that serve districts."""
    own = Agency.objects.filter(code__in=managed_codes(actor)).order_by("name")
    serving = Agency.objects.filter(kind__in=["npa", "nps", "private_school"]).order_by("name")
    return [*own, *serving]


def schools_of(agencies: Iterable[Agency]) -> list[School]:
    return list(School.objects.filter(agency__in=list(agencies)).select_related("agency").order_by("name"))


def roles_of(selpa_code: str, *, with_retired: bool = False) -> list[Role]:
    rows = Role.objects.filter(selpa_code=selpa_code)
    return list((rows if with_retired else rows.filter(retired_on__isnull=True)).order_by("label", "pk"))


def role_perspectives() -> list[Perspective]:
    """Perspectives of which a SELPA can make a role."""
    return [one for one in PERSPECTIVES.values() if "selpa" in one.granted_by and one.capabilities]


def staff_with(actor: Actor, capability: Capability) -> list[User]:
    """Active people who may do this through a grant in force at the actor's agency, by name."""
    rows = Grant.objects.filter(in_force(clock.today()), agency__code=actor.agency_code, user__is_active=True)
    able = {
        grant.user_id: grant.user
        for grant in rows.select_related("user", "role", "delegated_from__role", "delegated_from__user")
        if capability in capabilities_of(grant)
        and (grant.delegated_from is None or is_in_force(grant.delegated_from, clock.today()))
    }
    return sorted(able.values(), key=lambda user: (user.name, user.pk))


# One person


def closure_of(user: User) -> AccountClosure | None:
    """The closure that stands, or that is planned."""
    return AccountClosure.objects.filter(user=user, reopened_at__isnull=True).first()


def grants_of(actor: Actor, user: User) -> list[Grant]:
    """The person's grants that the actor manages, those not over first, then the newest."""
    today = clock.today()
    rows = (
        managed_grants(actor)
        .filter(user=user)
        .select_related("agency", "role", "granted_by", "delegated_from__user")
        .prefetch_related("schools__school")
        .order_by(F("ends_on").desc(nulls_first=True), "-starts_on", "-pk")
    )
    return sorted(rows, key=lambda grant: is_over(grant, today))


def elsewhere(actor: Actor, user: User) -> list[tuple[str, str]]:
    """Where else the person works today: agency and perspective, nothing more."""
    mine = managed_grants(actor).values("pk")
    rows = Grant.objects.filter(_not_over(clock.today()), user=user).exclude(pk__in=mine)
    return [(grant.agency.name, grant.perspective_label) for grant in rows.select_related("agency", "role")]
