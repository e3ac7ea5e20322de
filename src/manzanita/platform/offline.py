"""For commands that need no installation: the workbooks of one where there is one, without making one."""

from __future__ import annotations

import os
from pathlib import Path


def use_stored_specifications() -> str:
    """Put the loaded workbooks in force where this machine has an installation whose database can be read.

    Returns what a person should know of a database that is there and cannot be read, else empty text.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    try:
        from django.conf import settings

        database = settings.DATABASES["default"]
        is_off = not settings.SPECIFICATION_SECONDS
    except RuntimeError as error:
        return f"The settings of this installation are not usable ({error}); {_OURS}"
    is_file = database["ENGINE"].endswith("sqlite3")
    if is_off or (is_file and not Path(database["NAME"]).is_file()):
        return ""
    import django
    from django.db import DatabaseError

    django.setup()
    from manzanita.platform.specifications import put_stored_in_force

    try:
        put_stored_in_force()
    except DatabaseError as error:
        return f"The database could not be read ({type(error).__name__}); {_OURS}"
    return ""


_OURS = "what follows is by the layouts and codes that came with Manzanita."
