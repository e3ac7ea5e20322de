"""What a plan offers: setting and services by age, disability and placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from manzanita.synthetic.agencies import NONPUBLIC_AGENCIES
from manzanita.synthetic.disabilities import Disability, weighted
from manzanita.synthetic.schoolyear import add_years, age_on, census_day, school_year
from manzanita.synthetic.students import Service

IEP, IFSP, ISP = "100", "150", "200"

# Sessions and minutes that schools write: three times thirty weekly, and so on.
_MINUTES: Mapping[str, tuple[int, ...]] = {
    "330": (90, 120, 150, 200, 240, 300),
    "415": (20, 30, 40, 60),
    "425": (30, 45, 60),
    "450": (30, 45),
    "460": (30, 45),
    "510": (30, 45),
    "535": (60, 120),
    "340": (300, 1200),
}
_USUAL_MINUTES = (30, 60)
_CLASS_ALL_DAY = (1200, 1350, 1500)
_MONTHLY = frozenset({"435", "436", "445", "520", "525", "720", "740", "820", "830", "840", "890"})

# Disability -> service -> how many of a hundred students have it.
_SCHOOL_SERVICES: Mapping[str, Mapping[str, int]] = {
    "210": {"330": 100, "415": 70, "425": 45, "450": 30, "460": 8, "340": 8},
    "220": {"710": 100, "415": 60, "330": 50, "720": 30},
    "230": {"710": 100, "715": 60, "415": 50, "330": 70, "720": 40},
    "240": {"415": 100, "330": 12},
    "250": {"725": 100, "730": 60, "330": 60, "735": 10},
    "260": {"330": 100, "510": 80, "515": 15, "535": 20, "525": 10, "520": 12},
    "270": {"330": 75, "450": 60, "460": 60, "425": 50, "740": 20, "445": 15},
    "280": {"330": 100, "510": 15, "450": 12, "415": 12, "436": 4, "535": 5},
    "281": {"330": 100, "435": 40, "415": 50, "450": 40},
    "290": {"330": 100, "415": 15, "510": 5},
    "300": {"330": 100, "725": 100, "710": 100, "415": 60},
    "310": {"330": 100, "415": 70, "425": 60, "450": 60, "460": 45, "435": 30, "340": 15},
    "320": {"330": 94, "415": 74, "450": 40, "425": 15, "535": 14, "510": 6, "340": 4},
    "330": {"330": 100, "415": 45, "450": 30, "510": 20},
}
_INFANT_SERVICES: Mapping[str, int] = {"250": 85, "210": 55, "240": 100, "415": 40, "450": 20, "460": 15}
_INFANT_EXTRA: Mapping[str, Mapping[str, int]] = {
    "220": {"710": 100, "720": 40},
    "230": {"710": 100, "720": 60},
    "250": {"725": 100},
    "270": {"460": 100},
}
_TRANSITION_SERVICES: Mapping[str, int] = {"820": 60, "840": 40, "830": 25, "850": 20, "890": 15, "870": 6}
# The first plan of Part B comes so late at most, and with it the end of the last one of Part C.
_LATE_REVIEW = timedelta(days=60)
_OFTEN_BY_AGENCY = frozenset({"415", "450", "535"})


class Placement(StrEnum):
    """Where a student of school age is taught."""

    DISTRICT = "district"
    COUNTY_PROGRAM = "county program"
    NONPUBLIC = "nonpublic school"
    PRIVATE = "private school"


class Stage(StrEnum):
    """What a plan is about; a plan of the next stage is written anew."""

    INFANT = "infant"
    PRESCHOOL = "preschool"
    SCHOOL = "school"
    TRANSITION = "transition"


@dataclass(frozen=True, slots=True)
class Needs:
    """What stays the same in all plans of a student. ``percent`` is the share of general education."""

    disability: Disability
    placement: Placement
    residence: str
    percent: int
    has_transport: bool
    is_regional_center: bool


def draw_needs(rng: Random, disability: Disability, placement: Placement) -> Needs:
    residence = weighted(rng, {"200": 95.8, "210": 3, "220": 0.8, "230": 0.4})
    is_severe = disability.is_severe
    return Needs(
        disability=disability,
        placement=placement,
        residence=residence,
        percent=_percent(rng, disability),
        has_transport=rng.random() < (0.7 if is_severe or placement is not Placement.DISTRICT else 0.04),
        is_regional_center=rng.random() < 0.6,
    )


def _percent(rng: Random, disability: Disability) -> int:
    if disability.is_severe:
        return rng.choice((5, 10, 15, 20, 25, 30, 35))
    if disability.code == "240":
        return rng.choice((90, 95, 97, 98))
    if rng.random() < 0.2:
        return rng.choice((40, 45, 50, 55, 60, 70, 75))
    return rng.choice((80, 82, 84, 85, 86, 88, 90, 92))


def stage_of(birth: date, grade: str, on: date) -> Stage:
    """The stage of a plan that starts on ``on``; transition counts the age on the next June 30.

    Who is five on Census Day in transitional kindergarten is of school age.
    """
    if age_on(birth, on) < 3:
        return Stage.INFANT
    is_five = age_on(birth, census_day(school_year(on))) >= 5
    if grade in ("IN", "PS") or (grade == "TK" and not is_five):
        return Stage.PRESCHOOL
    if age_on(birth, date(school_year(on) + 1, 6, 30)) >= 16:
        return Stage.TRANSITION
    return Stage.SCHOOL


def plan_values(rng: Random, needs: Needs, stage: Stage, birth: date, on: date) -> dict[str, str]:
    """What the team decides besides the services, by state number."""
    is_private = needs.placement is Placement.PRIVATE
    values = {
        "23.11": IFSP if stage is Stage.INFANT else ISP if is_private else IEP,
        "23.14": needs.residence,
        **needs.disability.values(),
        "23.33": "Y" if needs.has_transport else "N",
        "23.34": "20" if rng.random() < 0.06 else "10",
    }
    if stage is Stage.INFANT:
        values |= _infant_values(rng, needs, birth, on)
    elif stage is Stage.PRESCHOOL:
        values |= _preschool_values(rng, needs)
    else:
        values |= _school_values(rng, needs)
    if stage is Stage.TRANSITION and not is_private:
        values |= _transition_values(rng)
    return values


def _infant_values(rng: Random, needs: Needs, birth: date, on: date) -> dict[str, str]:
    # The plan for the move to Part B is due from two years and nine months, judged on Census Day: the next one, and
    # that a year later where the review is not held any more because the child is about to turn three.
    year = school_year(on) if on <= census_day(school_year(on)) else school_year(on) + 1
    later = census_day(year + 1)
    latest = later if later <= add_years(on, 1) + _LATE_REVIEW else census_day(year)
    is_due = (add_years(birth, 3) - latest).days <= 92
    return {
        "23.19": "Y" if needs.is_regional_center else "N",
        "23.20": weighted(rng, {"102": 80, "103": 14, "104": 6}),
        "23.35": "Y" if is_due else "N",
    }


def _preschool_values(rng: Random, needs: Needs) -> dict[str, str]:
    if needs.disability.code == "240":
        setting = weighted(rng, {"201": 55, "204": 35, "203": 10})
    elif needs.disability.is_severe:
        setting = weighted(rng, {"203": 75, "201": 20, "200": 5})
    else:
        setting = weighted(rng, {"201": 55, "203": 35, "204": 10})
    values = {"23.20": setting, "23.24": "300" if setting == "203" else "100"}
    if setting == "201":
        values |= {"23.21": weighted(rng, {"1": 65, "2": 35}), "23.22": weighted(rng, {"Y": 70, "N": 30})}
    return values


def _school_values(rng: Random, needs: Needs) -> dict[str, str]:
    if needs.placement is Placement.PRIVATE:
        return {"23.20": "403", "23.24": "100"}
    if needs.placement is not Placement.DISTRICT:
        return {"23.20": "300", "23.23": "0", "23.24": "300"}
    if rng.random() < 0.003:
        return {"23.20": "402", "23.24": "100"}
    percent = min(100, max(0, needs.percent + rng.choice((-2, 0, 0, 0, 2))))
    if needs.disability.code == "240":
        program = "100"
    else:
        program = "200" if percent >= 50 else "300"
    return {"23.20": "400", "23.23": str(percent), "23.24": program}


def _transition_values(rng: Random) -> dict[str, str]:
    numbers = ("23.25", "23.26", "23.27", "23.28", "23.29", "23.30", "23.31")
    values = {number: "N" if rng.random() < 0.03 else "Y" for number in numbers}
    return {**values, "23.32": weighted(rng, {"10": 15, "20": 35, "30": 50})}


def draw_services(rng: Random, needs: Needs, stage: Stage) -> tuple[Service, ...]:
    """The services of a stage's first plan; at least one."""
    code = needs.disability.code
    if stage is Stage.INFANT:
        likely = {**_INFANT_SERVICES, **_INFANT_EXTRA.get(code, {})}
    elif stage is Stage.PRESCHOOL and code != "240":
        likely = {**_SCHOOL_SERVICES[code], "415": 85}
    else:
        likely = dict(_SCHOOL_SERVICES[code])
    chosen = [service for service, share in likely.items() if rng.random() * 100 < share]
    if needs.placement is Placement.PRIVATE:
        chosen = chosen[:1]
    elif stage is Stage.TRANSITION:
        chosen += [service for service, share in _TRANSITION_SERVICES.items() if rng.random() * 100 < share]
    return tuple(_service(rng, needs, stage, service) for service in chosen or ("330",))


def _service(rng: Random, needs: Needs, stage: Stage, code: str) -> Service:
    frequency = "30" if code in _MONTHLY else "20"
    minutes = rng.choice(_MINUTES.get(code, _USUAL_MINUTES))
    is_class = needs.disability.is_severe or needs.placement in (
        Placement.COUNTY_PROGRAM,
        Placement.NONPUBLIC,
    )
    if code == "330" and is_class and stage is not Stage.PRESCHOOL:
        minutes = rng.choice(_CLASS_ALL_DAY)
    service = Service(code, minutes, frequency=frequency, location=_location(needs, stage, code))
    if stage is Stage.INFANT:
        return replace(service, provider="110")
    if needs.placement is Placement.COUNTY_PROGRAM:
        return replace(service, provider="110")
    if needs.placement is Placement.NONPUBLIC:
        return replace(service, provider="410")
    if code in _OFTEN_BY_AGENCY and rng.random() < 0.08:
        return replace(service, provider="400", npa=rng.choice(NONPUBLIC_AGENCIES)[0], location="890")
    return service


def _location(needs: Needs, stage: Stage, code: str) -> str:
    if stage is Stage.INFANT:
        return "210"
    if needs.placement is Placement.NONPUBLIC:
        return "810"
    if needs.placement is Placement.COUNTY_PROGRAM:
        return "540"
    if needs.placement is Placement.PRIVATE:
        return "890"
    if stage is Stage.PRESCHOOL:
        return "330"
    return "520" if code == "330" and needs.percent < 50 else "510"


def reviewed(rng: Random, services: tuple[Service, ...]) -> tuple[Service, ...]:
    """The services after a review or an amendment: sometimes the minutes of one change."""
    if rng.random() < 0.45:
        return services
    return with_one_change(rng, services)


def with_one_change(rng: Random, services: tuple[Service, ...]) -> tuple[Service, ...]:
    """The same services, one of them with other minutes."""
    position = rng.randrange(len(services))
    old = services[position]
    minutes = max(15, old.minutes + rng.choice((-15, 15, 30)))
    return (*services[:position], replace(old, minutes=minutes), *services[position + 1 :])
