"""``manzanita lift-block EMAIL WORD``: opens somebody's student pages again, where nobody at their agency can."""

import argparse
import os
import sys

HELP = "Open the student pages of a person again that stopped after mass viewing. It is logged."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", help="whose pages")
    parser.add_argument("word", help="why, in words: what you found out")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    import django

    django.setup()
    from manzanita.accounts.models import User
    from manzanita.auditing.viewing_blocks import lift_block, open_block

    user = User.objects.filter(email=args.email.lower()).first()
    block = None if user is None else open_block(user.pk)
    if block is None:
        sys.stderr.write(f"No block stands against {args.email}. Check the address; nothing was changed.\n")
        return 1
    try:
        lift_block(block=block, by=None, word=args.word)
    except ValueError as error:
        sys.stderr.write(f"{error}. Nothing was changed.\n")
        return 1
    sys.stdout.write(f"The student pages of {user} are open again.\n")
    return 0
