"""``manzanita reference``: writes the reference pages that are made from declarations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

HELP = "Write the reference pages of rules, clocks, layouts and code sets, or check that they are fresh."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path("docs/reference"), metavar="DIR", help="made if missing"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 where a page is stale"
    )


def run(args: argparse.Namespace) -> int:
    stale = stale_pages(args.out)
    if args.check:
        for name in stale:
            sys.stderr.write(f"{args.out / name} is stale; run: manzanita reference --out {args.out}\n")
        return 1 if stale else 0
    args.out.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (args.out / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(pages())} pages in {args.out}, {len(stale)} of them changed.\n")
    return 0


def pages() -> Mapping[str, str]:
    """File name -> content of every page that is made from declarations."""
    from manzanita.commands.permissions import document
    from manzanita.reference.clocks import clocks_page
    from manzanita.reference.code_sets import code_sets_page
    from manzanita.reference.layouts import layouts_page
    from manzanita.reference.rules import rules_page

    return {
        "permissions.md": document(),
        "rules.md": rules_page(),
        "clocks.md": clocks_page(),
        "layouts.md": layouts_page(),
        "code-sets.md": code_sets_page(),
    }


def stale_pages(folder: Path) -> list[str]:
    """Names of the pages in ``folder`` that are missing or say something else than the declarations."""
    return [
        name
        for name, text in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
