"""People who sign in, and the grants through which they act."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from manzanita.domain.access import PERSPECTIVES


class UserManager(BaseUserManager):
    def create_user(self, *, email: str, name: str, password: str | None = None) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """One person. What they may do comes from their grants, never from the account itself."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """The right to act through one perspective at one agency, from a day until a day, with its giver."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    perspective_key = models.CharField(
        max_length=30, choices=[(perspective.key, perspective.label) for perspective in PERSPECTIVES.values()]
    )
    agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="grants")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="accounts_grant_once", fields=["user", "perspective_key", "agency", "starts_on"]
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
        return PERSPECTIVES[self.perspective_key].label

    @property
    def agency_name(self) -> str:
        return self.agency.name


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
