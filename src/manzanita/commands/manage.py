"""``manzanita manage …``: Django's own commands with this project's settings."""

import argparse
import os

HELP = "Run a Django management command (migrate, shell, check ...)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="the management command and its arguments"
    )


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manzanita manage", *args.arguments])
    return 0
