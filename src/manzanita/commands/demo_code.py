"""``manzanita demo-code EMAIL``: the code that a demo person's authenticator app would show now.

It reads the keys that ``manzanita demo`` wrote beside its own database, so there is nothing it could tell of a
real installation; a production environment refuses it all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

HELP = "Print the present sign-in code of somebody in the demo."
PERIOD = 30
# A code that is over before it is typed helps nobody: with fewer seconds left, the next one is waited for.
ENOUGH_TO_TYPE = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", help="of a person whom the demo printed")


def run(args: argparse.Namespace) -> int:
    """0 with the code; 1 with the reason why there is none."""
    if os.environ.get("MANZANITA_PRODUCTION", "").lower() in ("1", "true", "yes", "on"):
        return _refuse("This is a production environment: codes come from people's own devices.")
    path = Path(os.environ.get("MANZANITA_VAR", "var")).resolve() / "demo" / "demo.json"
    if not path.is_file():
        return _refuse(f"There is no demo in {path.parent}. Start one with: make demo")
    kept = json.loads(path.read_text(encoding="utf-8"))
    keys = {one["email"]: one["totp_key"] for one in kept["sign_ins"] if one.get("totp_key")}
    key = keys.get(args.email.strip().lower())
    if key is None:
        return _refuse(f"{args.email} needs no code in this demo. These do: {', '.join(keys)}")
    code_at = _codes(path.parent, key)
    left = PERIOD - int(time.time()) % PERIOD
    if left < ENOUGH_TO_TYPE:
        time.sleep(left)
        left = PERIOD
    sys.stdout.write(f"{code_at(int(time.time()) // PERIOD)}  (good once, for {left} more seconds)\n")
    return 0


def _codes(folder: Path, key: str) -> Callable[[int], str]:
    """What the app shows in a half-minute, counted since 1970."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    os.environ["MANZANITA_VAR"] = str(folder)
    import django

    django.setup()
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return lambda half_minute: format_hotp_value(hotp_value(key, half_minute))


def _refuse(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1
