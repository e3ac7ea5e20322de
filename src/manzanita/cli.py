"""The ``manzanita`` command: one subcommand per module in :mod:`manzanita.commands`."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from manzanita import __version__, commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code. Only the module that is asked for is imported."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    parser = argparse.ArgumentParser(prog="manzanita", description="Special education data system.")
    parser.add_argument("--version", action="version", version=f"manzanita {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = next((a.replace("-", "_") for a in arguments if not a.startswith("-")), None)
    for name in names if asked not in names else [asked]:
        module = importlib.import_module(f"manzanita.commands.{name}")
        subparser = subparsers.add_parser(name.replace("_", "-"), help=module.HELP, description=module.HELP)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    return int(args.run(args))


if __name__ == "__main__":
    raise SystemExit(main())
