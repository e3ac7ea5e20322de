"""Counts at the ends of weeks or months as bars, and as rows of a table: what the macro ``trend`` of findings draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

_WIDTH, _HEIGHT, _GAP = 44, 56, 6


def trend_bars(counts: Sequence[tuple[date, int]], *, label: str, words: str) -> dict[str, Any]:
    """One bar for each day, the highest as high as there is room; ``label`` is the format of a day below its bar."""
    top = max(count for _, count in counts) or 1
    bars = [
        {
            "x": index * _WIDTH + _GAP / 2,
            "y": round(_HEIGHT - count * _HEIGHT / top, 1),
            "height": round(count * _HEIGHT / top, 1),
            "width": _WIDTH - _GAP,
            "middle": index * _WIDTH + _WIDTH / 2,
            "label": f"{day:{label}}",
            "total": count,
        }
        for index, (day, count) in enumerate(counts)
    ]
    return {"bars": bars, "width": len(counts) * _WIDTH, "words": words, "weeks": list(counts)}
