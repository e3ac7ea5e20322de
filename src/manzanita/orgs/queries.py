"""Reading agencies and schools. They are public facts, so no scope applies."""

from collections.abc import Iterable

from manzanita.domain.policies import POLICIES
from manzanita.orgs.models import Agency, PolicyAnswer, School

# Codes that the state gives to schools which have none of their own (SENR 1.05).
GROUP_SCHOOLS = {"0000001": "Nonpublic school", "0000002": "Private school"}


def agency_by_code(code: str) -> Agency:
    """Raises ``Agency.DoesNotExist``."""
    return Agency.objects.get(code=code)


def agency_names(codes: Iterable[str] | None = None) -> dict[str, str]:
    """Name by code: districts, county offices, nonpublic schools ..."""
    agencies = Agency.objects.all() if codes is None else Agency.objects.filter(code__in=set(codes))
    return dict(agencies.values_list("code", "name"))


def school_names(codes: Iterable[str] | None = None) -> dict[str, str]:
    schools = School.objects.all() if codes is None else School.objects.filter(code__in=set(codes))
    return GROUP_SCHOOLS | dict(schools.values_list("code", "name"))


def schools_by_code(codes: Iterable[str]) -> list[School]:
    """The schools with these codes, by name; an unknown code is left out."""
    wanted = list(codes)
    return list(School.objects.filter(code__in=wanted).order_by("name")) if wanted else []


def nonpublic_agencies() -> list[Agency]:
    """Agencies a service may be bought from (provider 400), by name."""
    return list(Agency.objects.filter(kind="npa").order_by("name"))


def policies_of(selpa_code: str) -> dict[str, str]:
    """The answer that stands for each open question: the SELPA's newest, else the default."""
    answers = PolicyAnswer.objects.filter(selpa_code=selpa_code).order_by("id")
    chosen = dict(answers.values_list("key", "value"))
    return {key: chosen.get(key, policy.default) for key, policy in POLICIES.items()}


def member_codes(selpa_code: str) -> list[str]:
    """Codes of the districts and county offices of a SELPA, in order."""
    members = Agency.objects.filter(selpa_code=selpa_code, kind__in=["lea", "coe"])
    return list(members.order_by("code").values_list("code", flat=True))


def agencies_with_students() -> list[Agency]:
    """Districts and county offices, by name."""
    return list(Agency.objects.filter(kind__in=["lea", "coe"]).order_by("name"))
