"""What the tiny SELPA of the tests looks like to the state and in the SIS: rows written by hand, and their files.

Needs no database and no Django, so that processes which only start others may read it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import RecordFile, parse_record_file, write_lines

# Noon in California on the day the tests take place.
NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LEA, OTHER_LEA, SELPA = "9910017", "9910025", "9901"
SCHOOL, OTHER_SCHOOL = "9911001", "9912001"
NPA = "9970011"
PASSWORD = "correct horse battery staple"
# Of the coordinator's authenticator app; wide perspectives need one.
TOTP_KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SSIDS = {"alder": "9900000005", "towhee": "9900000002", "yarrow": "9900000003", "sage": "9900000009"}
PEOPLE = {
    "alder": ("Alder", date(2016, 4, 9), "M"),
    "towhee": ("Towhee", date(2014, 9, 30), "F"),
    "yarrow": ("Yarrow", date(2017, 1, 5), "X"),
    "sage": ("Sage", date(2015, 6, 20), "F"),
}
GRADES = {"alder": "04", "towhee": "06", "yarrow": "03", "sage": "05"}


def swds(name: str, start: str, lea: str = LEA, **changes: str) -> dict[str, str]:
    values = {
        "22.04": lea,
        "22.05": "2025-2026",
        "22.06": SSIDS[name],
        "22.07": f"L{SSIDS[name][-4:]}",
        "22.08": f"SE-{SSIDS[name][-4:]}",
        "22.09": SELPA,
        "22.10": start,
        "22.11": start,
        "22.12": "1",
    }
    return {**values, **changes}


def meet(name: str, on: str, lea: str = LEA, **changes: str) -> dict[str, str]:
    values = {
        "24.04": lea,
        "24.05": "2025-2026",
        "24.06": SSIDS[name],
        "24.07": f"L{SSIDS[name][-4:]}",
        "24.08": f"SE-{SSIDS[name][-4:]}",
        "24.09": SELPA,
        "24.15": on,
        "24.17": "Y",
    }
    return {**values, **changes}


def plan(name: str, start: str, lea: str = LEA, **changes: str) -> dict[str, str]:
    values = {
        "23.04": lea,
        "23.05": "2025-2026",
        "23.06": SSIDS[name],
        "23.07": f"L{SSIDS[name][-4:]}",
        "23.08": f"SE-{SSIDS[name][-4:]}",
        "23.09": SELPA,
        "23.10": lea,
        "23.11": "100",
        "23.12": start,
        "23.13": "1",
        "23.14": "210",
        "23.15": "290",
        "23.16": "MMSN",
        "23.20": "400",
        "23.23": "85",
        "23.33": "N",
    }
    return {**values, **changes}


def serv(name: str, start: str, code: str, lea: str = LEA, **changes: str) -> dict[str, str]:
    values = {
        "25.04": lea,
        "25.06": "2025-2026",
        "25.07": SSIDS[name],
        "25.08": f"L{SSIDS[name][-4:]}",
        "25.09": SELPA,
        "25.11": code,
        "25.12": "100",
        "25.13": "510",
        "25.14": "20",
        "25.15": "30",
        "25.16": f"SE-{SSIDS[name][-4:]}",
        "25.17": start,
    }
    return {**values, **changes}


def state_rows() -> dict[str, list[dict[str, str]]]:
    """What the state holds on the first day, by record type."""
    return {
        "SWDS": [
            swds("alder", "20241115"),
            swds("towhee", "20240304"),
            swds("sage", "20240110", OTHER_LEA),
        ],
        "MEET": [
            meet(
                "alder",
                "20241115",
                **{"24.05": "2024-2025", "24.13": "20241001", "24.14": "10", "24.16": "20"},
            ),
            meet("alder", "20251114"),
            meet(
                "towhee",
                "20240304",
                **{"24.05": "2023-2024", "24.13": "20240116", "24.14": "10", "24.16": "20"},
            ),
            meet("towhee", "20250303", **{"24.05": "2024-2025"}),
            meet("towhee", "20260302"),
            meet("sage", "20260110", OTHER_LEA),
        ],
        "PLAN": [
            plan("alder", "20241115", **{"23.05": "2024-2025"}),
            plan("alder", "20251114"),
            plan("towhee", "20260302", **{"23.15": "240", "23.16": ""}),
            plan("sage", "20260110", OTHER_LEA, **{"23.15": "240", "23.16": ""}),
        ],
        "SERV": [
            serv("alder", "20241115", "330", **{"25.06": "2024-2025", "25.15": "60"}),
            serv("alder", "20251114", "330", **{"25.15": "60"}),
            serv("alder", "20251114", "415"),
            serv("towhee", "20260302", "415"),
            serv("sage", "20260110", "415", OTHER_LEA),
        ],
    }


def extract_text(record: str, rows: list[dict[str, str]]) -> str:
    """Rows as the text of the state's extract file."""
    dated = [{**row, "upload_date": "20260310", "last_updated": "20260310"} for row in rows]
    return "".join(f"{line}\n" for line in write_lines(layout(record), dated, is_extract=True))


def extracts() -> list[RecordFile]:
    """What the state holds on the first day, as its extracts, read back as any extract is."""
    return [
        parse_record_file(extract_text(record, rows).encode(), f"ODS_{record}.txt")
        for record, rows in state_rows().items()
    ]


def senr(name: str, lea: str = LEA, **changes: str) -> dict[str, str]:
    """One line of the district's SENR file."""
    first, born, gender = PEOPLE[name]
    values = {
        "1.04": lea,
        "1.05": SCHOOL if lea == LEA else OTHER_SCHOOL,
        "1.07": "2026-2027",
        "1.08": SSIDS[name],
        "1.09": f"L{SSIDS[name][-4:]}",
        "1.10": first,
        "1.12": "Testcase",
        "1.17": f"{born:%Y%m%d}",
        "1.18": gender,
        "1.22": "20230814",
        "1.23": "10",
        "1.24": GRADES[name],
    }
    return {**values, **changes}


def write_files(folder: Path) -> None:
    """The files that a sandbox of the state loads: extracts, enrollments, agencies."""
    folder.mkdir(parents=True, exist_ok=True)
    for record, rows in state_rows().items():
        (folder / f"ODS_{record}.txt").write_text(extract_text(record, rows), encoding="utf-8")
    lines = write_lines(layout("SENR"), [senr(name, OTHER_LEA if name == "sage" else LEA) for name in PEOPLE])
    (folder / "SIS_SENR.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    agencies = [
        "kind,code,name,parent,county_code,npa_id",
        f"selpa,{SELPA},Manzanita County SELPA,,99,",
        f"lea,{LEA},Chaparral Unified,{SELPA},99,",
        f"lea,{OTHER_LEA},Heron Creek Unified,{SELPA},99,",
        f"npa,{NPA},Meadowlark Therapies,,99,{NPA}",
    ]
    (folder / "orgs.csv").write_text("\n".join(agencies) + "\n", encoding="utf-8")
