"""The Jinja2 environment of all our own pages, named in the TEMPLATES setting."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from jinja2 import Environment, StrictUndefined

from manzanita.domain.rules import rule_info
from manzanita.platform import clock
from manzanita.ui.formats import FILTERS


def url(name: str, *args: object, **kwargs: object) -> str:
    """`url("student", 17)`: the address of a named page; an unknown name raises NoReverseMatch."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def url_or_none(name: str, *args: object, **kwargs: object) -> str | None:
    """As `url`, but None when no page has that name, for pages that a deployment may not have."""
    try:
        return url(name, *args, **kwargs)
    except NoReverseMatch:
        return None


def rule_url(code: str) -> str | None:
    """The permanent address of a rule's page; None for a code that no page explains, or where there are none."""
    return url_or_none("rule", code) if rule_info(code) else None


def environment(**options: Any) -> Environment:
    """Builds the environment: autoescape on, an unknown variable is an error, no stray blank lines."""
    # Django always passes its own lenient `undefined`; a forgotten variable must not become an empty cell.
    ours = {"autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    env = Environment(**{**options, **ours})
    env.filters.update(FILTERS)
    env.globals.update(url=url, url_or_none=url_or_none, rule_url=rule_url, static=static, now=clock.now)
    return env
