"""Where a clock stands in the law: the citation as people write it, and a page that shows the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEGINFO = (
    "https://leginfo.legislature.ca.gov/faces/codes_displaySection.xhtml?lawCode={code}&sectionNum={number}."
)
_SECTION = re.compile(r"[\d.]*\d")


@dataclass(frozen=True, slots=True)
class Law:
    """``link`` is empty where there is no law, only a practice."""

    citation: str
    link: str = ""

    def __str__(self) -> str:
        return f"{self.citation} <{self.link}>" if self.link else self.citation


def education_code(section: str) -> Law:
    return Law(f"Education Code {section}", _LEGINFO.format(code="EDC", number=_number(section)))


def government_code(section: str) -> Law:
    return Law(f"Government Code {section}", _LEGINFO.format(code="GOV", number=_number(section)))


def federal(section: str) -> Law:
    """A section of title 34 of the Code of Federal Regulations."""
    return Law(f"34 CFR {section}", f"https://www.ecfr.gov/current/title-34/section-{_number(section)}")


def california_regulation(title: int, section: str) -> Law:
    link = f"https://www.law.cornell.edu/regulations/california/{title}-CCR-{_number(section)}"
    return Law(f"{title} CCR {section}", link)


def _number(section: str) -> str:
    """``56344`` of ``56344(a)``."""
    found = _SECTION.match(section)
    if found is None:
        raise ValueError(f"{section!r} does not begin with the number of a section")
    return found[0]
