"""Rules about the service record (SERV)."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.rules.examples import serv

# Provider code of a nonpublic agency (NPA).
NONPUBLIC_AGENCY = "400"


def _no_agency(_setting: Setting) -> pl.Expr:
    return (pl.col("25.12") == NONPUBLIC_AGENCY) & (pl.col("25.05") == "")


def _stray_agency(_setting: Setting) -> pl.Expr:
    return (pl.col("25.05") != "") & (pl.col("25.12") != NONPUBLIC_AGENCY)


def _no_agency_message(_row: Row) -> str:
    return "The provider is a nonpublic agency (25.12 is 400), and 25.05 does not say which one."


def _stray_agency_message(row: Row) -> str:
    provider = row["25.12"] or "empty"
    return f"25.05 names the nonpublic agency {row['25.05']}, but the provider code 25.12 is {provider} and not 400."


def rules() -> list[Rule]:
    return [
        Rule(
            code="SERV0327",
            title="Nonpublic agency not named",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("SERV",),
            subjects=("SERV",),
            fields=("25.05", "25.12"),
            meaning="A service by a nonpublic agency (provider 400) names the agency.",
            fix="Choose the agency on the service, or correct the provider.",
            owner=Owner.COORDINATOR,
            source="https://documentation.staging.calpads.org/Troubleshooting/SERV/SERV0327/",
            confidence="seen",
            wrong=_no_agency,
            message=_no_agency_message,
            passes=[{"SERV": [serv()]}, {"SERV": [serv({"25.12": "400", "25.05": "9900077"})]}],
            fails=[{"SERV": [serv({"25.12": "400"})]}],
        ),
        Rule(
            code="SERV0328",
            title="Agency named for another provider",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("SERV",),
            subjects=("SERV",),
            fields=("25.05", "25.12"),
            meaning="Only a service by a nonpublic agency (provider 400) names an agency.",
            fix="Set the provider to 400, or remove the agency from the service.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/SERV/SERV0328",
            confidence="seen",
            wrong=_stray_agency,
            message=_stray_agency_message,
            passes=[{"SERV": [serv()]}, {"SERV": [serv({"25.12": "400", "25.05": "9900077"})]}],
            fails=[
                {"SERV": [serv({"25.05": "9900077"})]},
                {"SERV": [serv({"25.05": "9900077", "25.12": ""})]},
            ],
        ),
    ]
