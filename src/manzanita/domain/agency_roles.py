"""The offices of an agency that other agencies ask for, and the counties by which agencies are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class AgencyRole:
    """One office, with what it is asked for."""

    key: str
    label: str
    asked_for: str


AGENCY_ROLES: Mapping[str, AgencyRole] = MappingProxyType(
    {
        role.key: role
        for role in (
            AgencyRole(
                "seds_coordinator",
                "SEDS coordinator",
                "special education records, meetings held elsewhere, two plans that contradict each other",
            ),
            AgencyRole(
                "calpads_administrator",
                "CALPADS administrator",
                "SSIDs, enrollments that overlap, what the state holds of a student",
            ),
            AgencyRole("records_office", "Records office", "requests of records"),
            AgencyRole(
                "special_education_director",
                "Director of special education",
                "placements, and what two offices could not settle",
            ),
            AgencyRole("selpa_director", "SELPA director", "what concerns several districts of a SELPA"),
            AgencyRole("selpa_data", "SELPA data office", "reports and certification of the SELPA"),
        )
    }
)

# The first two digits of a state code of a district, county office or SELPA number its county, by the alphabet.
_COUNTIES = (
    *(
        "Alameda",
        "Alpine",
        "Amador",
        "Butte",
        "Calaveras",
        "Colusa",
        "Contra Costa",
        "Del Norte",
        "El Dorado",
    ),
    *("Fresno", "Glenn", "Humboldt", "Imperial", "Inyo", "Kern", "Kings", "Lake", "Lassen", "Los Angeles"),
    *("Madera", "Marin", "Mariposa", "Mendocino", "Merced", "Modoc", "Mono", "Monterey", "Napa", "Nevada"),
    *("Orange", "Placer", "Plumas", "Riverside", "Sacramento", "San Benito", "San Bernardino", "San Diego"),
    *("San Francisco", "San Joaquin", "San Luis Obispo", "San Mateo", "Santa Barbara", "Santa Clara"),
    *("Santa Cruz", "Shasta", "Sierra", "Siskiyou", "Solano", "Sonoma", "Stanislaus", "Sutter", "Tehama"),
    *("Trinity", "Tulare", "Tuolumne", "Ventura", "Yolo", "Yuba"),
)
COUNTIES: Mapping[str, str] = MappingProxyType(
    {f"{number:02}": name for number, name in enumerate(_COUNTIES, start=1)}
)


def county_name(state_code: str) -> str:
    """The county of a district, county office or SELPA by its code; codes above 58 are no county of California."""
    return COUNTIES.get(state_code[:2], f"County {state_code[:2]}")
