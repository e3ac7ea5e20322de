"""Reading agencies and schools. They are public facts, so no scope applies."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from manzanita.domain.policies import POLICIES
from manzanita.orgs.models import Agency, PastName, PolicyAnswer, School
from manzanita.platform import clock

# Codes that the state gives to schools which have none of their own (SENR 1.05).
GROUP_SCHOOLS = {"0000001": "Nonpublic school", "0000002": "Private school"}


def agency_by_code(code: str) -> Agency:
    """Raises ``Agency.DoesNotExist``."""
    return Agency.objects.get(code=code)


def agency_names(codes: Iterable[str] | None = None) -> dict[str, str]:
    """Name by code: districts, county offices, nonpublic schools ..."""
    return dict(agency_name_rows(codes))


def agency_name_rows(codes: Iterable[str] | None = None) -> QuerySet[Agency, tuple[str, str]]:
    agencies = Agency.objects.all() if codes is None else Agency.objects.filter(code__in=set(codes))
    return agencies.values_list("code", "name")


def school_names(codes: Iterable[str] | None = None) -> dict[str, str]:
    return GROUP_SCHOOLS | dict(school_name_rows(codes))


def school_name_rows(codes: Iterable[str] | None = None) -> QuerySet[School, tuple[str, str]]:
    schools = School.objects.all() if codes is None else School.objects.filter(code__in=set(codes))
    return schools.values_list("code", "name")


def schools_by_code(codes: Iterable[str]) -> list[School]:
    """The schools with these codes, by name; an unknown code is left out."""
    wanted = list(codes)
    return list(School.objects.filter(code__in=wanted).order_by("name")) if wanted else []


def schools_with_history(agency: Agency) -> tuple[list[School], dict[str, list[PastName]]]:
    """The schools of an agency, also those that have ended, and what each was called before, the newest first. Two
    queries."""
    schools = list(agency.schools.order_by("name", "code"))
    past: dict[str, list[PastName]] = defaultdict(list)
    if schools:
        rows = PastName.objects.filter(code__in=[school.code for school in schools])
        for one in rows.order_by("-last_on", "-id"):
            past[one.code].append(one)
    return schools, past


def open_schools(*agency_codes: str) -> QuerySet[School]:
    """Schools of these agencies that may be chosen today or for a day to come, by name: what has ended is left out."""
    today = clock.today()
    rows = School.objects.filter(agency__code__in=agency_codes).exclude(last_on__lt=today)
    return rows.order_by("name")


def nonpublic_agencies() -> list[Agency]:
    """Agencies a service may be bought from (provider 400), by name."""
    return list(Agency.objects.filter(kind="npa").exclude(last_on__lt=clock.today()).order_by("name"))


def policies_of(selpa_code: str, on: date | None = None) -> dict[str, str]:
    """The answer to each open question that stands on the day ``on`` (default today): the SELPA's, else the default."""
    answers = PolicyAnswer.objects.filter(
        selpa_code=selpa_code, effective_on__lte=on or clock.today()
    ).order_by("effective_on", "id")
    chosen = dict(answers.values_list("key", "value"))
    return {key: chosen.get(key, policy.default) for key, policy in POLICIES.items()}


def answers_of(selpa_code: str) -> list[PolicyAnswer]:
    """Every answer the SELPA ever recorded, also those whose day is still to come; the newest first."""
    return list(PolicyAnswer.objects.filter(selpa_code=selpa_code).order_by("-effective_on", "-id"))


def policy_selpas(key: str) -> list[str]:
    """Codes of the SELPAs that ever recorded an answer to this question."""
    rows = PolicyAnswer.objects.filter(key=key).order_by("selpa_code")
    return list(rows.values_list("selpa_code", flat=True).distinct())


def member_codes(selpa_code: str) -> list[str]:
    """Codes of the districts and county offices of a SELPA, in order."""
    members = Agency.objects.filter(selpa_code=selpa_code, kind__in=["lea", "coe"])
    return list(members.order_by("code").values_list("code", flat=True))


def agencies_with_students() -> list[Agency]:
    """Districts and county offices, by name."""
    return list(Agency.objects.filter(kind__in=["lea", "coe"]).order_by("name"))
