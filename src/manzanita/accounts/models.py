"""People who sign in, and the grants through which they act."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from manzanita.accounts.guest_models import HostSession, RecordRequest, ViewAsSession
from manzanita.accounts.people_models import AccountClosure, Duty, OtherEmail, TransferRequest
from manzanita.accounts.reminder_models import CalendarFeed, ReminderChoice
from manzanita.domain.access import DESIGNATION_WORDS, Designation
from manzanita.domain.names import person_key
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.platform import clock

__all__ = [
    "AccountClosure",
    "CalendarFeed",
    "Duty",
    "Grant",
    "GrantSchool",
    "GrantStudent",
    "HostSession",
    "OtherEmail",
    "RecordRequest",
    "ReminderChoice",
    "Role",
    "TransferRequest",
    "User",
    "UserManager",
    "ViewAsSession",
]


class UserManager(BaseUserManager):
    def create_user(self, *, email: str, name: str, password: str | None = None) -> "User":
        user = self.model(
            email=self.normalize_email(email).lower(),
            name=name,
            name_key=person_key(name),
            added_on=clock.today(),
        )
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """One person. What they may do comes from their grants, never from the account itself."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    # The name as a search and the question for namesakes read it (domain.names.person_key).
    name_key = models.TextField(blank=True, default="", editable=False)
    added_on = models.DateField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    # When the invitation that counts was mailed; the links of those before it are worth nothing.
    invited_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        indexes = [
            models.Index(fields=["name_key"], name="accounts_user_namesakes"),
            models.Index(fields=["name", "id"], name="accounts_user_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """A bundle that a SELPA made of a perspective: its own name, fewer or other capabilities.

    The scope and the relationships stay those of ``perspective_key``, so a role never widens whom one sees.
    """

    selpa_code = models.CharField(max_length=4)
    key = models.SlugField(max_length=40)
    label = models.CharField(max_length=60)
    for_whom = models.CharField(max_length=200)
    perspective_key = models.CharField(max_length=30)
    capabilities = models.JSONField(default=list)
    retired_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="accounts_role_once", fields=["selpa_code", "key"])]

    def __str__(self) -> str:
        return self.label


class Grant(models.Model):
    """The right to act through one perspective at one agency, from a day until a day, with its giver.

    ``ends_at`` ends a grant within a day (a session of host staff). Schools and named students stand in rows of their
    own; a perspective without such a scope has none. ``managed_by_code`` names the agency that gave a grant at another
    one: the district that lets an NPA provider in. ``delegated_from`` is the grant of the colleague who lent it: it
    counts only while that one is in force, and for no more than ``only_capabilities`` (``None``: all of it).
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    perspective_key = models.CharField(
        max_length=30, choices=[(perspective.key, perspective.label) for perspective in PERSPECTIVES.values()]
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, blank=True, related_name="grants")
    agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="grants")
    designation = models.CharField(
        max_length=20,
        choices=[(one.value, DESIGNATION_WORDS[one]) for one in Designation],
        default=Designation.SPECIAL_EDUCATION.value,
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200)
    managed_by_code = models.CharField(max_length=7, blank=True, default="")
    delegated_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="delegations"
    )
    only_capabilities = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "perspective_key"], name="accounts_grants_of_agency"),
            models.Index(
                fields=["managed_by_code"],
                name="accounts_grants_managed",
                condition=~Q(managed_by_code=""),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="accounts_grant_once",
                fields=["user", "perspective_key", "agency", "designation", "starts_on", "managed_by_code"],
                condition=Q(role__isnull=True, ends_on__isnull=True),
            ),
            models.CheckConstraint(
                name="accounts_grant_ends_after_start",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.perspective_key} at {self.agency_id}"

    @property
    def perspective_label(self) -> str:
        label = self.role.label if self.role is not None else PERSPECTIVES[self.perspective_key].label
        return f"{label}, lent by a colleague" if self.delegated_from_id else label

    @property
    def agency_name(self) -> str:
        return self.agency.name


class GrantSchool(models.Model):
    """A school to which a grant of school scope reaches."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="schools")
    school = models.ForeignKey("orgs.School", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="accounts_grant_school_once", fields=["grant", "school"])]

    def __str__(self) -> str:
        return f"grant {self.grant_id} at school {self.school_id}"


class GrantStudent(models.Model):
    """A student whom a grant of named scope reaches; the key is plain, because students stand above accounts."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="named_students")
    student_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="accounts_grant_student_once", fields=["grant", "student_id"])
        ]

    def __str__(self) -> str:
        return f"grant {self.grant_id} for student {self.student_id}"


class SignInDomain(models.Model):
    """How people with an e-mail address of one domain sign in: through their district's own OpenID Connect
    provider, with a password here, or both.

    The provider's secret is never in the database, only where it lies: ``env:NAME`` (a variable whose name begins
    ``MANZANITA_OIDC_``) or ``file:NAME`` (a file of the folder ``secrets`` of ``MANZANITA_VAR``).
    ``mfa_values`` are the words of the provider's ``amr`` or ``acr`` claim that are trusted to mean a second
    factor, separated by blanks; without any, people of wide perspectives give their second factor here.
    """

    domain = models.CharField(max_length=190, unique=True)
    agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="sign_in_domains")
    server_url = models.URLField(blank=True, default="")
    client_id = models.CharField(max_length=200, blank=True, default="")
    secret_reference = models.CharField(max_length=120, blank=True, default="")
    # Some providers never say `email_verified`, because they hand their addresses out themselves.
    is_email_vouched = models.BooleanField(default=False)
    mfa_values = models.CharField(max_length=200, blank=True, default="")
    password_allowed = models.BooleanField(default=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="accounts_domain_has_a_way_in",
                condition=Q(password_allowed=True) | (~Q(server_url="") & ~Q(client_id="")),
            ),
            models.CheckConstraint(
                name="accounts_domain_secret_is_a_reference",
                condition=Q(secret_reference="")
                | Q(secret_reference__startswith="env:MANZANITA_OIDC_")
                | Q(secret_reference__startswith="file:"),
            ),
            models.CheckConstraint(
                name="accounts_domain_ends_after_start",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
        ]

    def __str__(self) -> str:
        return self.domain

    @property
    def has_provider(self) -> bool:
        return bool(self.server_url and self.client_id)
