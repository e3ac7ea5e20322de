"""The order of names, one for all lists of students: last name, first name, and of two namesakes who was entered first.

Names are compared by the database alone, which goes by its own language. Who puts students in order by something else
in Python begins with students by name: sorting leaves equal ones as they stood.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import QuerySet

# Columns of a student; the index ``students_by_name`` has them.
NAME_ORDER = ("last_name", "first_name", "id")

Rows = TypeVar("Rows", bound=QuerySet[Any, Any])


def by_name(rows: Rows, to_student: str = "") -> Rows:
    """Students by name; or rows about students, to whom the field ``to_student`` leads."""
    way = f"{to_student}__" if to_student else ""
    return rows.order_by(*(f"{way}{column}" for column in NAME_ORDER))
