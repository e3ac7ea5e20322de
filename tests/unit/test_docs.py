"""Pages of ``docs`` whose pictures tests make: every one is there, and light enough for a page of many."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
LARGEST_BYTES = 150 * 1024


def test_each_demo_student_has_a_sentence_and_a_picture():
    page = (DOCS / "demo-students.md").read_text(encoding="utf-8")
    names = re.findall(r"^\*\*\d+ (\w+)\*\* ", page, re.MULTILINE)
    assert names == [
        *("Lupine", "Osprey", "Egret", "Swift", "Cedar", "Junco", "Larkspur", "Wren", "Clarkia", "Magpie"),
        "Tanager",
    ]
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert pictures == [f"pictures/demo-{name.lower()}.png" for name in names]
    assert {one: size for one in pictures if (size := (DOCS / one).stat().st_size) > LARGEST_BYTES} == {}
