"""Students whose ways in and out ``tests/browser/test_journeys.py`` walks; what is expected of each stands in
``tests/data/journeys``.

Twenty-six come from the other district with a plan, one of them alone; one comes from there who does not take part.
Two come from a district that does not work in this installation: Lupine with a signed file, and Mallow, whom no SIS
file has named yet. Twelve are to leave, one for each reason.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import write_lines
from tests.support import state_files as w
from tests.support.cast import ARRIVED, RECORDS, Member, add_members, append_lines, state_lines
from tests.support.cast import write_files as write_members

# A district of another SELPA, with a system of its own.
FAR, FAR_SELPA = "3410010", "3401"
MANY = 25
PORTABLE = Path(__file__).parents[1] / "data" / "journeys" / "portable-lupine.json"


def _late(first: str, ssid: str, born: date = date(2016, 5, 2), grade: str = "04") -> Member:
    return Member(first, ssid, born, "alder", grade)


def _arriving(first: str, ssid: str, born: date, stopped: tuple[str, str] = ("", "")) -> Member:
    return Member(first, ssid, born, "sage", "05", ARRIVED, is_arriving=True, stopped=stopped)


GROWN = date(2008, 5, 2)
MEMBERS = (
    _arriving("Grosbeak", "9900000401", date(2015, 2, 11)),
    _arriving("Gnatcatcher", "9900000402", date(2015, 4, 19), ("20260630", "12")),
    *(
        _arriving(f"Avocet{number:02}", f"99000005{number:02}", date(2015, 7, 1) + timedelta(days=number))
        for number in range(MANY)
    ),
    Member("Lupine", "9900000403", date(2017, 5, 3), grade="04", entered=ARRIVED),
    _late("Bunting", "9900000601"),
    _late("Chukar", "9900000602"),
    _late("Dunlin", "9900000603"),
    _late("Gadwall", "9900000604"),
    _late("Killdeer", "9900000605"),
    _late("Mallard", "9900000606", GROWN, "12"),
    _late("Ouzel", "9900000607", GROWN, "12"),
    _late("Phoebe", "9900000608", date(2004, 11, 20), "12"),
    _late("Siskin", "9900000609", GROWN, "12"),
    _late("Thrasher", "9900000610"),
    _late("Veery", "9900000611"),
    _late("Wigeon", "9900000612"),
)
# Of whom only the state knows, and nobody here.
MALLOW = Member("Mallow", "9900000404", date(2016, 9, 14), "sage", "05", ARRIVED)


def add() -> None:
    """Everybody but Mallow, in the current database; the radar has looked."""
    from manzanita.procedures.arriving import look_everywhere

    added = add_members(MEMBERS)
    _has_mother(added["gadwall"].pk)
    look_everywhere(w.LEA, found_by="test")


def _has_mother(student_id: int) -> None:
    """Whoever revokes consent holds the rights on that day."""
    from manzanita.students.actions import state_one
    from manzanita.students.people_actions import ContactValues, RightsValues

    known: dict[str, Any] = {"by_id": None, "cause": "test", "effective_from": date(2025, 8, 1)}
    slot = {"student_id": student_id, "contact_no": 1}
    mother = ContactValues("Maple Testcase", "Mother", "English", phone="555-0100")
    state_one("contact", slot=slot, values=mother.content(), **known)
    state_one("rights", slot=slot, values=RightsValues("parent").content(), **known)


def write_files(folder: Path) -> None:
    """What the sandbox of the state holds of them: of Lupine and Mallow what the far district reported."""
    write_members(folder, MEMBERS)
    for record in RECORDS:
        append_lines(folder / f"ODS_{record}.txt", far_lines(record))
    mallow = w.senr(
        "yarrow",
        **{"1.08": MALLOW.ssid, "1.09": "L0404", "1.10": "Mallow", "1.22": "20261102", "1.24": "05"},
    )
    append_lines(folder / "SIS_SENR.txt", write_lines(layout("SENR"), [mallow]))


def far_lines(record: str) -> list[str]:
    """Sage's lines as those of two students of the far district."""
    two = [Member("Lupine", "9900000403", date(2017, 5, 3), "sage"), MALLOW]
    lines = state_lines(record, two)
    return [
        line.replace(f"^{w.OTHER_LEA}", f"^{FAR}").replace(f"^{w.SELPA}^", f"^{FAR_SELPA}^") for line in lines
    ]


def portable_file() -> bytes:
    """``data/journeys/portable-lupine.json``, whose blanks are filled in, signed as the far district would."""
    told = json.loads(PORTABLE.read_text(encoding="utf-8"))
    for section, declared in (("plans", PLAN_FIELDS), ("services", SERVICE_FIELDS)):
        blank: dict[str, Any] = dict.fromkeys((one.attribute for one in declared), "")
        told[section] = [blank | row for row in told[section]]
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    content = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return json.dumps(
        {
            "document": told,
            "sha256": hashlib.sha256(content).hexdigest(),
            "signature": key.sign(content).hex(),
            "public_key": key.public_key().public_bytes_raw().hex(),
        }
    ).encode()
